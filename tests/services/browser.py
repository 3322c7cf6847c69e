"""Chromium without a screen on one of the machine's hosts, as its user would use it: pages, forms, what a page shows.
It is driven by chromedriver, which speaks WebDriver (https://www.w3.org/TR/webdriver2/): JSON over HTTP.
"""
import base64
import http.client
import json

from machine import LONGEST_WAIT_S, expect, wait_for

PORT = 9515
# root may not have Chromium's sandbox; the rest keeps it from asking anybody for updates
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-sync", "--disable-background-networking", "--disable-component-update",
            "--ignore-certificate-errors", "--hide-scrollbars", "--window-size=1280,800"]
# WebDriver's name for the reference to an element
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A browser on that host, until close()."""

    def __init__(self, machine, host):
        self.machine, self.host = machine, host
        home = f"/tmp/{host}"
        machine.run("mkdir", home, status=0)
        # an address that the kernel adds while a page is fetched ends that with ERR_NETWORK_CHANGED
        wait_for(f"the last address of {host}", self.has_all_addresses)
        self.driver = machine.start("/usr/bin/chromedriver", f"--port={PORT}", host=host,
                                    env={"HOME": home, "TMPDIR": home})
        self.http = http.client.HTTPConnection("127.0.0.1", PORT)
        self.http.sock = wait_for("chromedriver", self.connect)
        options = {"args": [*SWITCHES, f"--user-data-dir={home}/profile"]}
        self.session = "/session"
        made = self.ask("POST", "", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.session = f"/session/{made['sessionId']}"

    def has_all_addresses(self):
        shown = self.machine.run("ip", "-n", self.host, "-6", "addr", "show", "scope", "link", status=0).out
        return "inet6 fe80:" in shown and "tentative" not in shown

    def connect(self):
        try:
            return self.machine.connect(PORT, host=self.host)
        except ConnectionRefusedError:
            return None

    def ask(self, method, path, body=None):
        """What chromedriver answers to a command of this session."""
        self.http.request(method, self.session + path, None if body is None else json.dumps(body),
                          {"Content-Type": "application/json"})
        answer = self.http.getresponse()
        value = json.loads(answer.read())["value"]
        expect(answer.status == 200, f"the browser on {self.host}: {method} {path}", value, self.driver.said())
        return value

    def open(self, url):
        """The page, as somebody sees it who was never there."""
        self.ask("POST", "/url", {"url": "about:blank"})
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Network.clearBrowserCookies", "params": {}})
        self.go(url)

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def element(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def fill(self, selector, text):
        self.ask("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def click(self, selector):
        self.ask("POST", f"/element/{self.element(selector)}/click", {})

    def script(self, text):
        """What a function with this body returns in the page."""
        return self.ask("POST", "/execute/sync", {"script": text, "args": []})

    def wait(self, what, text, seconds=LONGEST_WAIT_S):
        """What the script returns in the page, as soon as that is true."""
        return wait_for(f"{what} in the browser on {self.host}", lambda: self.script(text), seconds)

    def title(self):
        return self.ask("GET", "/title")

    def resize(self, width, height):
        """Makes the part of the screen that the page has this large, and says how large it was."""
        before = self.script("return [window.innerWidth, window.innerHeight]")
        around = self.script("return [window.outerWidth - window.innerWidth, window.outerHeight - window.innerHeight]")
        self.ask("POST", "/window/rect", {"width": width + around[0], "height": height + around[1]})
        return before

    def picture(self):
        """What is on its screen, a PNG."""
        return base64.b64decode(self.ask("GET", "/screenshot"))

    def close(self):
        self.ask("DELETE", "")
        self.http.close()
        self.driver.stop()
