"""The panel in a real browser: what a developer sees and presses, under a strict policy."""

from __future__ import annotations

import re

import pytest
from debug_toolbar.store import MemoryStore
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from queryscope.explainable import explainable

from .browser import SECONDS, Window

pytestmark = pytest.mark.django_db(transaction=True)
PANEL = "#QueryScopePanel"


def brightness(color: str) -> float:
    """0 for black, 1 for white, as WCAG has it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def fitting(element: WebElement) -> int:
    """Its width, once all that is in it fits in there."""
    wide, room = (element.get_property(name) for name in ("scrollWidth", "clientWidth"))
    assert wide <= room
    return room


@pytest.mark.any_environment
def test_the_panel_opens_from_the_navigation_and_nothing_is_blocked(window: Window):
    link = window.find(".QueryScopePanel")
    assert re.search(r"\d+ findings, \d+ queries", link.text)
    window.open()
    text = window.find(PANEL).text
    assert "User.profile is loaded for each Project row" in text
    assert "sample_project/templates/projects/_project_row.html:" in text
    assert "Project.objects" in text
    assert "select_related" in text
    assert window.errors() == []


@pytest.mark.any_environment
def test_the_policy_would_block_what_is_inline(window: Window):
    """That the test above can fail."""
    script = "const it = document.createElement('p'); it.innerHTML = '<b style=color:red>x</b>';"
    window.driver.execute_script(f"{script} document.body.append(it)")
    assert any("Content Security Policy" in message for message in window.errors())


@pytest.mark.any_environment
@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "by selection"])
def test_the_fix_is_copied_as_it_is_shown(window: Window, clipboard):
    window.open()
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": window.url}
    window.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    window.driver.execute_script("window.kept = navigator.clipboard")
    if not clipboard:
        hide = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
        window.driver.execute_script(hide)
    code = window.find(f"{PANEL} .qs-code code")
    button = window.find(f"{PANEL} .qs-copy")
    button.click()
    WebDriverWait(window.driver, SECONDS).until(lambda _: button.text == "Copied")
    read = "window.kept.readText().then(arguments[0], (e) => arguments[0](`${e}`))"
    pasted = window.driver.execute_async_script(read)
    assert pasted.replace("\r\n", "\n") == code.get_attribute("textContent")
    assert "select_related" in pasted
    WebDriverWait(window.driver, SECONDS).until(lambda _: button.text == "Copy")
    assert window.errors() == []


def test_a_query_is_explained(window: Window):
    window.open()
    window.find(f"{PANEL} .remoteCall").click()
    plan = window.find("#djDebugWindow .qs-plan")
    assert plan.find_elements(By.CSS_SELECTOR, ".qs-step")[0].text
    assert window.find("#djDebugWindow h3").text.startswith("Plan: ")
    assert window.errors() == []
    window.find("#djDebugWindow .djDebugClose").click()
    assert window.find(f"{PANEL} .qs-card").is_displayed()


@pytest.mark.any_environment
def test_a_statement_is_laid_out_on_demand(window: Window):
    window.open()
    lane = window.find(f"{PANEL} .qs-lanes details")
    statement = lane.find_element(By.CSS_SELECTOR, ".qs-sql")
    assert not statement.is_displayed()
    lane.find_element(By.CSS_SELECTOR, "summary").click()
    assert statement.text.startswith("SELECT")


@pytest.mark.any_environment
@pytest.mark.parametrize(
    ("forget", "message"),
    [
        (MemoryStore.clear, "The toolbar has forgotten this request"),
        (explainable.clear, "The values of this query are gone"),
    ],
)
def test_what_is_gone_is_said_in_the_window(window: Window, forget, message):
    window.open()
    forget()
    window.find(f"{PANEL} .remoteCall").click()
    assert message in window.find("#djDebugWindow .qs-note").text
    assert window.errors() == []


@pytest.mark.parametrize("width", [1400, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_every_theme_and_width(window: Window, scheme, width):
    window.emulate(scheme, width, 900)
    window.open()
    window.screenshot(f"{scheme}-{width}")
    card = window.find(f"{PANEL} .qs-card")
    back = window.style(card, "background-color")
    assert (brightness(back) > 0.5) is (scheme == "light")
    for selector in (".qs-message", ".qs-severity", ".qs-savings", ".qs-what"):
        color = window.style(window.find(f"{PANEL} {selector}"), "color")
        assert contrast(color, back) >= 4.5, selector
    for badge in window.find(PANEL).find_elements(By.CSS_SELECTOR, ".qs-lanes .qs-badge"):
        own = window.style(badge, "background-color")
        assert contrast(window.style(badge, "color"), own) >= 4.5
        assert contrast(own, back) >= 3
    assert 0.65 * width < fitting(window.find(f"{PANEL} .djdt-scroll"))
    window.find(f"{PANEL} .remoteCall").click()
    assert 0.65 * width < fitting(window.find("#djDebugWindow .qs-scroll"))
    window.screenshot(f"{scheme}-{width}-plan")
    assert window.errors() == []


@pytest.mark.any_environment
def test_lanes_are_told_to_those_who_do_not_see_them(window: Window):
    window.open()
    lanes = window.find(f"{PANEL} .qs-lanes").find_elements(By.CSS_SELECTOR, "svg")
    names = [lane.get_attribute("aria-label") for lane in lanes]
    assert len(names) > 3
    assert all(re.match(r"[\d,]+ quer(y|ies) from .* ms to .* ms|not on", name) for name in names)
    assert {lane.aria_role for lane in lanes} <= {"img", "image"}
    # What a colour says is said by a number, too.
    numbers = window.find(f"{PANEL} .qs-lanes").find_elements(By.CSS_SELECTOR, ".qs-badge")
    assert len({number.text for number in numbers}) == len(numbers)


@pytest.mark.any_environment
def test_the_history_panel_brings_back_another_request(window: Window):
    window.driver.get(f"{window.url}/n-plus-one/")
    window.driver.get(f"{window.url}/projects/")
    window.find(".HistoryPanel").click()
    rows = "#djdtHistoryRequests tr"
    WebDriverWait(window.driver, SECONDS).until(
        lambda _: len(window.toolbar().find_elements(By.CSS_SELECTOR, rows)) > 1
    )
    before = window.toolbar().get_attribute("data-request-id")
    buttons = window.toolbar().find_elements(By.CSS_SELECTOR, f"{rows} .switchHistory")
    other = next(b for b in buttons if b.get_attribute("data-request-id") != before)
    other.click()
    WebDriverWait(window.driver, SECONDS).until(
        lambda _: window.toolbar().get_attribute("data-request-id") != before
    )
    window.find(".HistoryPanel").click()
    window.find(".QueryScopePanel").click()
    assert window.find(f"{PANEL} .qs-endpoint").text.startswith("GET /")
    assert window.errors() == []
