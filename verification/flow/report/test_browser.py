"""The page in headless Chromium: it draws, its buttons work, its toggles hide what they name."""

from __future__ import annotations

import shutil

import pytest

from flow.report import write_report
from flow.report.blocks import CLOCK_TREE, FILL, blocks_of
from flow.report.collect import read_run
from flow.report.page import design_of
from flow.run import Run, Wishes, execute

pytestmark = pytest.mark.full
WAIT_S = 60


@pytest.fixture(scope="module")
def browser_programs() -> None:
    """Asked first: the layout takes its time."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        pytest.skip("needs a browser: apt-get install chromium chromium-driver")


@pytest.fixture(scope="module")
def routed(timed_tree, toy_config, tmp_path_factory) -> Run:
    """The small design taken to its layout."""
    return execute(toy_config, tmp_path_factory.mktemp("report") / "toy" / "run", Wishes(to="gds"))


@pytest.fixture(scope="module")
def page(browser_programs, routed):
    """The opened page, once layout and charts are drawn."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--window-size=1400,1000",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        browser.get(write_report(routed.folder).absolute().as_uri())
        WebDriverWait(browser, WAIT_S).until(
            lambda b: b.execute_script(
                "return document.body.dataset.charts == 'yes'"
                " && document.getElementById('viewer').dataset.ready"
            )
        )
        yield browser
    finally:
        browser.quit()


def colours(page) -> int:
    """How many different pixels the layout's canvas shows."""
    return page.execute_async_script(
        """const done = arguments[0];
        requestAnimationFrame(() => requestAnimationFrame(() => {
          const copy = document.createElement('canvas'), from = viewer.canvas;
          [copy.width, copy.height] = [from.width, from.height];
          const pen = copy.getContext('2d');
          pen.drawImage(from, 0, 0);
          const pixels = pen.getImageData(0, 0, copy.width, copy.height).data;
          done(new Set(new Uint32Array(pixels.buffer)).size);
        }));"""
    )


def zoom(page) -> float:
    return page.execute_script("return viewer.zoom")


def click(page, selector: str) -> None:
    element = page.find_element("css selector", selector)
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def test_page_draws_without_an_error(page, tmp_path):
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert page.execute_script("return viewer.root.dataset.ready") == "yes"
    assert page.execute_script("return viewer.boxes") > 10_000
    assert colours(page) > 50
    assert page.execute_script("return document.querySelectorAll('.main-svg').length") >= 2
    shot = tmp_path / "report.png"
    assert page.save_screenshot(str(shot))
    assert shot.stat().st_size > 20_000


def test_buttons_zoom(page):
    click(page, "button[data-act=fit]")
    whole = zoom(page)
    click(page, "button[data-act=in]")
    assert zoom(page) == pytest.approx(1.6 * whole)
    click(page, "button[data-act=out]")
    assert zoom(page) == pytest.approx(whole)


def test_layers_can_be_hidden(page):
    click(page, "button[data-act=fit]")
    before = colours(page)
    for box in page.find_elements("css selector", "#toggle-layers input, #toggle-blocks input"):
        if box.is_selected():
            page.execute_script("arguments[0].click()", box)
    assert colours(page) == 1
    for box in page.find_elements("css selector", "#toggle-layers input, #toggle-blocks input"):
        page.execute_script("arguments[0].click()", box)
    assert colours(page) >= before


def test_reader_learns_the_cell_under_the_pointer(page):
    from selenium.webdriver import ActionChains

    click(page, "button[data-act=fit]")
    canvas = page.find_element("css selector", "#viewer .overlay")
    ActionChains(page).move_to_element(canvas).perform()
    text = page.find_element("css selector", "#viewer .readout").text
    assert "µm" in text
    assert "sky130_fd_sc_hd__" in text


def test_blocks_name_registers_clock_and_fill(routed):
    design = design_of(read_run(routed.folder))
    blocks = blocks_of(design)
    assert len(blocks) == design.instances
    assert {CLOCK_TREE, FILL, "sum", "x", "z"} <= set(blocks)
    for k in range(design.instances):
        if "dfxtp" in design.master(k).name:
            assert blocks[k] in ("sum", "x", "z")
