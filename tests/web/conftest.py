"""A headless Chromium, for pages that are opened as files."""

import json
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
QUIET = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    if not CHROMIUM or not CHROMEDRIVER:
        pytest.skip(
            "needs chromium and chromedriver, Debian's chromium and chromium-driver"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in [*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium, tmp_path):
    """A browser with a window of its usual size, in the light."""
    browser = Browser(chromium, tmp_path)
    browser.resize(1300, 900)
    browser.prefer("light")
    return browser


class Browser:
    """What the tests do in a browser, and see there."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder

    def open(self, page):
        """Open a page; what it says in the console, and requests, is kept from here on."""
        file = self.folder / "page.html"
        file.write_text(page, encoding="utf-8")
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(file.as_uri())
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector):
        """Texts of all such elements that are shown."""
        return self.run(
            """
            const found = [...document.querySelectorAll(arguments[0])];
            const shown = found.filter((own) => own.checkVisibility());
            return shown.map((own) => own.innerText.trim());
            """,
            selector,
        )

    def press(self, *keys):
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def violations(self, least_passes=1):
        """Report of the accessibility rules of axe that the page breaks; empty: none.

        At least so many rules must have found something that they apply to.
        """
        axe = pytest.importorskip("selenium_axe_python").Axe(self.driver)
        axe.inject()
        found = axe.run()
        assert len(found["passes"]) >= least_passes
        return found["violations"] and axe.report(found["violations"])

    def focused(self):
        return self.driver.switch_to.active_element

    def prefer(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=features)

    def resize(self, width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def console(self):
        """All that the console said since it was last looked at."""
        return [line["message"] for line in self.driver.get_log("browser")]

    def requests(self):
        """All addresses asked for since they were last looked at."""
        events = [
            json.loads(line["message"]) for line in self.driver.get_log("performance")
        ]
        return [
            event["message"]["params"]["request"]["url"]
            for event in events
            if event["message"]["method"] == "Network.requestWillBeSent"
        ]
