//! What a server tells about itself: its brand, its language, its cookie's name and,
//! where it is reached through the open web, its public address.

use std::sync::Arc;

use http::Uri;

use crate::error::WebError;

/// One site. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

#[derive(Debug, Clone)]
struct Inner {
    brand: String,
    lang: String,
    cookie: &'static str,
    home: String,
    origin: Option<Origin>,
}

#[derive(Debug, Clone)]
struct Origin {
    https: bool,
    authority: String,
}

impl Site {
    /// A site without a public address, as on a photographer's own machine.
    /// `cookie` names its cookie: browsers share cookies between the ports of one
    /// machine, so each kind of site needs a name of its own.
    pub fn new(brand: &str, cookie: &'static str) -> Self {
        Self {
            inner: Arc::new(Inner {
                brand: brand.to_owned(),
                lang: "en".to_owned(),
                cookie,
                home: "/".to_owned(),
                origin: None,
            }),
        }
    }

    /// The same site, reached at `url` (such as `https://photos.example.org`). With
    /// https its cookies are `Secure` and carry the `__Host-` prefix.
    ///
    /// # Errors
    /// [`WebError::BadPublicUrl`] if `url` has no scheme http or https or no host, or
    /// has a path: the pages' links start at the root.
    pub fn at(mut self, url: &str) -> Result<Self, WebError> {
        let bad = || WebError::BadPublicUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?.as_str();
        let whole = uri.path() == "/" && uri.query().is_none() && !authority.contains('@');
        if !whole {
            return Err(bad());
        }
        let authority = without_default_port(authority, https).to_ascii_lowercase();
        Arc::make_mut(&mut self.inner).origin = Some(Origin { https, authority });
        Ok(self)
    }

    /// The same site in another language, as a BCP 47 tag such as `de`.
    #[must_use]
    pub fn in_language(mut self, lang: &str) -> Self {
        Arc::make_mut(&mut self.inner).lang = lang.to_owned();
        self
    }

    /// The same site with another page for its brand and its error pages to link to.
    #[must_use]
    pub fn with_home(mut self, home: &str) -> Self {
        Arc::make_mut(&mut self.inner).home = home.to_owned();
        self
    }

    /// The name at the top of every page.
    pub fn brand(&self) -> &str {
        &self.inner.brand
    }

    /// The language of the pages.
    pub fn lang(&self) -> &str {
        &self.inner.lang
    }

    /// The path of the page that the brand links to.
    pub fn home(&self) -> &str {
        &self.inner.home
    }

    /// Whether browsers reach the site through https.
    pub fn is_https(&self) -> bool {
        self.inner.origin.as_ref().is_some_and(|origin| origin.https)
    }

    /// `https://photos.example.org`, if the site has a public address.
    pub fn public_url(&self) -> Option<String> {
        let origin = self.inner.origin.as_ref()?;
        let scheme = if origin.https { "https" } else { "http" };
        Some(format!("{scheme}://{}", origin.authority))
    }

    /// The session cookie's name, with the prefix that makes browsers guard it.
    pub(crate) fn cookie_name(&self) -> String {
        let prefix = if self.is_https() { "__Host-" } else { "" };
        format!("{prefix}{}", self.inner.cookie)
    }

    /// Whether `origin`, as a browser sends it, is this site, which was asked under
    /// the name `host`.
    pub(crate) fn is_own_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        let authority = without_default_port(authority, scheme == "https").to_ascii_lowercase();
        if let Some(own) = &self.inner.origin
            && own.authority == authority
            && own.https == (scheme == "https")
        {
            return true;
        }
        let https = self.is_https();
        !https && host.is_some_and(|host| host.eq_ignore_ascii_case(&authority))
    }
}

fn without_default_port(authority: &str, https: bool) -> &str {
    let port = if https { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_web_addresses_are_public_ones() {
        let at = |url| Site::new("Enprint", "e").at(url);
        for bad in [
            "",
            "photos.example.org",
            "ftp://photos.example.org",
            "https://",
            "https://photos.example.org/path",
            "https://photos.example.org/?q",
            "https://user@photos.example.org",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
        let site = at("https://Photos.example.org:443/").unwrap();
        assert_eq!(site.public_url().unwrap(), "https://photos.example.org");
        assert!(site.is_https() && !at("http://192.168.1.5:8080").unwrap().is_https());
    }
}
