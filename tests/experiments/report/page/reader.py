"""The page in a browser, as its tests use it."""

import io
from pathlib import Path
from typing import Any

from PIL import Image as Screenshot


def wait_for(condition: Any) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(None, timeout=20, poll_frequency=0.05).until(lambda _: condition())


class Reader:
    """Someone who reads the page in a browser."""

    def __init__(self, driver: Any, page: Path) -> None:
        self.driver = driver
        self.address = page.as_uri()

    def open(self, hash_: str = "", width: int = 1400, height: int = 900) -> None:
        self.resize(width, height)
        # From elsewhere: a change of the hash alone would not load the page again.
        self.driver.get("about:blank")
        self.driver.get(self.address + hash_)
        wait_for(lambda: self.run("return 'ready' in document.documentElement.dataset"))

    def unfold(self, selector: str) -> None:
        """Open what is folded, and wait until it is drawn."""
        self.run(
            "document.querySelectorAll(arguments[0]).forEach((box) => (box.open = true))", selector
        )
        self.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0]))")

    def count(self, selector: str) -> int:
        """How many elements are not hidden, wherever they are folded in."""
        script = "return [...document.querySelectorAll(arguments[0])]"
        return int(self.run(f"{script}.filter((e) => !e.closest('[hidden]')).length", selector))

    def scheme(self, name: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": name}] if name else []
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def head(self, title: str) -> Any:
        heads = self.driver.find_elements("css selector", "#explorer thead th")
        (head,) = [head for head in heads if head.text.strip() == title]
        return head

    def sort(self, title: str) -> str:
        self.head(title).find_element("css selector", "button").click()
        return str(self.head(title).get_attribute("aria-sort"))

    def column(self, title: str) -> list[str]:
        """The cells of a column on every page, without their intervals."""
        script = """
            const [title] = arguments;
            const press = (page) => document.querySelector(`[data-page=${page}]`).click();
            const heads = [...document.querySelectorAll("#explorer thead th")];
            const column = heads.findIndex((head) => head.textContent === title);
            const cells = [];
            for (press("first"); ; press("next")) {
                for (const row of document.querySelectorAll("#explorer tbody tr")) {
                    const cell = row.cells[column].cloneNode(true);
                    cell.querySelector("small")?.remove();
                    cells.push(cell.textContent.trim());
                }
                if (document.querySelector("[data-page=next]").disabled) return cells;
            }
        """
        return list(self.run(script, title))

    def choose(self, facet: str, *values: str) -> None:
        for value in values:
            script = """
                const [facet, value] = arguments;
                const boxes = [...document.querySelectorAll(`[data-facet="${facet}"] input`)];
                boxes.find((box) => box.value === value).click();
            """
            self.run(script, facet, value)

    def shown(self) -> int:
        """How many rows of every result pass the filters; this draws them."""
        self.unfold("#results")
        return int(self.find("#shown").text.split(" of ")[0].replace(",", ""))

    def screenshot(self) -> Screenshot.Image:
        return Screenshot.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")

    def complaints(self) -> list[Any]:
        return list(self.driver.get_log("browser"))
