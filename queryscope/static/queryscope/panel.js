// The Copy buttons. One listener for the document: the toolbar replaces its panels as it likes, and
// keeps them in a shadow tree, whose inner elements only the composed path names.
document.addEventListener("click", (event) => {
    const button = event.composedPath().find((node) => node.matches?.(".qs-copy"));
    if (button) {
        copy(button);
    }
});

async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    let copied = true;
    try {
        // There is no clipboard where the page was not loaded safely, by plain HTTP from afar.
        await navigator.clipboard.writeText(text);
    } catch {
        copied = copiedBySelection(text, button);
    }
    button.textContent = copied ? "Copied" : "Not copied";
    setTimeout(() => {
        button.textContent = "Copy";
    }, 2000);
}

function copiedBySelection(text, button) {
    const area = document.createElement("textarea");
    area.className = "qs-aside";
    area.value = text;
    button.after(area);
    area.select();
    try {
        return document.execCommand("copy");
    } finally {
        area.remove();
        button.focus();
    }
}
