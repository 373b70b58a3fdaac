//! A real browser: headless Chromium, driven by WebDriver, with a profile of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wait::Wait;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, json};
use tempfile::TempDir;

use super::waiting::PATIENCE;

/// A browser window. [`close`](Self::close) it at the end.
pub struct Browser {
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of `width` × `height` pixels; `None` where no browser is installed.
    pub async fn open(width: u32, height: u32) -> Option<Self> {
        let driver = program("ENPRINT_TEST_CHROMEDRIVER", &["chromedriver"])?;
        let chromium = program("ENPRINT_TEST_CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
        let mut driver = Command::new(driver).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let port = port_of(&mut driver);
        let profile = TempDir::new().unwrap();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let options = json!({ "binary": chromium, "args": arguments });
        let capabilities = Map::from_iter([("goog:chromeOptions".to_owned(), options)]);
        let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Some(Self { page, driver, _profile: profile })
    }

    /// Types into the field of that name.
    pub async fn types(&self, field: &str, text: &str) {
        let field = self.waits().for_element(Locator::Css(&format!("[name={field}]"))).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks what says `text`, a link or a button.
    pub async fn clicks(&self, text: &str) {
        let path = format!("//main//*[self::a or self::button][contains(normalize-space(.), {text:?})]");
        self.clicks_when_there(Locator::XPath(&path), text).await;
    }

    /// Clicks the first element that fits a CSS selector.
    pub async fn clicks_on(&self, selector: &str) {
        self.clicks_when_there(Locator::Css(selector), selector).await;
    }

    /// A page that is just being renewed may take away what was found: then it is looked
    /// for again.
    async fn clicks_when_there(&self, place: Locator<'_>, name: &str) {
        for _ in 0..3 {
            let Ok(found) = self.waits().for_element(place).await else { break };
            match found.click().await {
                Err(CmdError::Standard(error)) if error.error == ErrorStatus::StaleElementReference => {}
                clicked => return clicked.unwrap(),
            }
        }
        panic!("there is no {name:?} to click; the page says: {}", self.reads().await);
    }

    /// What the page says, as it is read.
    pub async fn reads(&self) -> String {
        self.waits().for_element(Locator::Css("main")).await.unwrap();
        let text = self.page.execute("return document.querySelector('main').innerText", Vec::new()).await.unwrap();
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the page says `text`.
    pub async fn sees(&self, text: &str) {
        let path = format!("//main[contains(normalize-space(.), {text:?})]");
        let found = self.waits().for_element(Locator::XPath(&path)).await;
        if found.is_err() {
            panic!("the page never said {text:?}; it says: {}", self.reads().await);
        }
    }

    fn waits(&self) -> Wait<'_> {
        self.page.wait().at_most(PATIENCE)
    }

    /// Closes the window and the driver.
    pub async fn close(mut self) {
        drop(self.page.clone().close().await);
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.kill());
    }
}

/// The program that the variable names, or the first of `names` on the path.
fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// The port that the driver says it listens on.
fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let said = lines.by_ref().map(Result::unwrap).find_map(|line| {
        let port = line.rsplit_once("on port ")?.1.trim_end_matches('.').to_owned();
        port.parse().ok().filter(|port| *port != 0)
    });
    // The driver goes on talking; somebody has to listen, or it would wait for it.
    std::thread::spawn(move || lines.for_each(drop));
    said.expect("the driver says on which port it listens")
}
