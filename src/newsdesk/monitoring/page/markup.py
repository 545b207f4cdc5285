"""Build HTML as a tree, so that nothing from outside can become markup."""

from xml.etree.ElementTree import Element, tostring


def tag(name: str, /, *children: Element | str | None, **attributes: str | float | None) -> Element:
    """An element. An underscore in the name of an attribute stands for a hyphen, one at its end for nothing; what is
    None is left out."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_").replace("_", "-"), str(value))
    for child in children:
        if isinstance(child, str):
            _add_text(element, child)
        elif child is not None:
            element.append(child)
    return element


def document(root: Element) -> str:
    """The tree as an HTML document; characters that UTF-8 cannot hold become question marks."""
    html = tostring(root, encoding="unicode", method="html")
    return "<!DOCTYPE html>\n" + html.encode("utf-8", "replace").decode("utf-8") + "\n"


def _add_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
