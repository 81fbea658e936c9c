"""What is new in every response and means nothing: CSRF tokens, nonces, how long the page took."""

from __future__ import annotations

import re

#: Keeps the number of words, and JSON what it is.
MASK = "masked"

_QUOTE = r"""(?:\\?["']|&quot;|&\#x27;|&\#39;|\\u002[27])"""
#: Django's masked token and its bare secret.
_TOKEN = r"(?:[A-Za-z0-9]{64}|[A-Za-z0-9]{32})(?![A-Za-z0-9])"
_CSRF = (
    # name="csrfmiddlewaretoken" value="…", "X-CSRFToken": "…", csrf_token = '…'
    re.compile(
        rf"(csrf[\w-]*{_QUOTE}?(?:\s+type=[\"']?hidden[\"']?)?"
        rf"(?:\s*[:=,]\s*|\s+(?:value|content)=){_QUOTE}?){_TOKEN}",
        re.IGNORECASE,
    ),
    # value="…" name="csrfmiddlewaretoken"
    re.compile(rf"((?:value|content)=[\"']){_TOKEN}(?=[\"']\s+name=[\"']?csrf)", re.IGNORECASE),
)
_NONCE = (
    re.compile(r"(\snonce=([\"']))[\w+/=-]{8,}(?=\2)"),
    re.compile(r"('nonce-)[\w+/=-]{8,}(?=')"),
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_UNIT = r"(?:ms|milliseconds?|s|secs?|seconds?)\b"
#: "page rendered in 12 ms", "101 queries in 0.3 s": what a fix is there to change.
_SPEED = re.compile(
    rf"(\b(?:page|response|request)[ ](?:was[ ])?"
    rf"(?:(?:rendered|generated|served|created|loaded|processed)[ ]in|took)[ ]){_NUMBER}"
    rf"(?=[ ]?{_UNIT})",
    re.IGNORECASE,
)
_QUERIES = re.compile(
    rf"()\b{_NUMBER}(?:[ ](?:sql|db|database))?[ ]quer(?:y|ies)"
    rf"(?:,|[ ]in|[ ]took)?[ ]\(?{_NUMBER}[ ]?{_UNIT}",
    re.IGNORECASE,
)
#: What a text has that one of the patterns may find something in.
_BY_WORD = {
    "csrf": _CSRF,
    "nonce": _NONCE,
    " took ": (_SPEED,),
    "ed in ": (_SPEED,),
    " quer": (_QUERIES,),
}


def masked(text: str) -> str:
    """The text with those replaced; a hash or a time without such words around it stays."""
    for word in _BY_WORD:
        text = _masked(text, word)
    return text


def without_tokens(text: str) -> str:
    """The text with the CSRF tokens replaced, and nothing else."""
    return _masked(text, "csrf")


def _masked(text: str, word: str) -> str:
    if word in text.lower():
        for pattern in _BY_WORD[word]:
            text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
