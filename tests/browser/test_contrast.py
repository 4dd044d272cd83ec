"""That the apps' words can be read: the contrast that WCAG 2 asks of text, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.app.books import people_book
from tests.browser.conftest import Strangers
from tests.browser.driver import Server, profile, visitor

#: The words whose contrast with what is behind them is below 4.5, or 3 where they are large.
_FAINT = """() => {
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
    const light = colour => {
        const [r, g, b] = colour.map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const inside = node => [...(node?.children ?? [])].flatMap(
        one => [one, ...inside(one), ...inside(one.shadowRoot)]
    );
    const around = one => one.parentElement ?? one.getRootNode().host ?? null;
    const faint = [];
    for (const one of inside(document.body)) {
        const texts = [...one.childNodes].filter(node => node.nodeType === Node.TEXT_NODE);
        const words = texts.map(node => node.textContent.trim()).join(' ').trim();
        const style = getComputedStyle(one);
        if (!words || !one.getClientRects().length || style.visibility !== 'visible') continue;
        const behind = [];
        let shown = 1;
        for (let p = one; p; p = around(p)) {
            behind.unshift(rgba(getComputedStyle(p).backgroundColor));
            shown *= getComputedStyle(p).opacity;
        }
        const ground = behind.reduce((below, top) => over(top, below), [255, 255, 255]);
        const ink = rgba(one.tagName === 'text' ? style.fill : style.color);
        const [a, b] = [light(over([...ink.slice(0, 3), ink[3] * shown], ground)), light(ground)];
        const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) faint.push(`${words}: ${contrast.toFixed(2)}`);
    }
    return faint;
}"""


def faint(page: Page) -> list[str]:
    """What is faint for longer than something that fades in."""
    found: list[str] = []
    for _ in range(10):
        page.wait_for_timeout(1_500)
        found = page.evaluate(_FAINT)
        if not found:
            break
    return found


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_word_of_a_price_and_of_a_result_can_be_read(
    browser: Browser,
    server: Server,
    strangers: Strangers,
    write: Callable[..., Path],
    colours: Literal["light", "dark"],
) -> None:
    context = profile(browser, width=400, height=4000, colours=colours)
    with visitor(context, server) as someone:
        someone.page.goto(server.url)
        assert faint(someone.page) == []
        someone.open().upload(write(people_book(strangers(3), extra=[("Half an address", "half@")])))
        someone.button.wait_for()
        assert faint(someone.page) == []
        someone.button.click()
        someone.note("Done").wait_for()
        someone.download_button.wait_for()
        assert faint(someone.page) == []
    context.close()
