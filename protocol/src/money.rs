//! Money: whole minor units (cents) with their currency. No floats, no rates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;
use crate::limits::AMOUNT_MINOR_MAX;
use crate::text;

/// An ISO 4217 currency code, three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// How many digits the minor unit has (0 for the yen, 3 for some dinars, else 2).
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"ISK" | b"CLP" | b"VND" | b"XAF" | b"XOF" | b"PYG" | b"UGX" => 0,
            b"BHD" | b"KWD" | b"OMR" | b"TND" | b"JOD" | b"IQD" | b"LYD" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl FromStr for Currency {
    type Err = ProtocolError;

    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let letters = given.trim().to_ascii_uppercase();
        <[u8; 3]>::try_from(letters.as_bytes())
            .ok()
            .filter(|letters| letters.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or_else(|| ProtocolError::Unreadable {
                given: text::shown(given),
                expected: "a currency of three letters such as EUR",
            })
    }
}

impl TryFrom<String> for Currency {
    type Error = ProtocolError;

    fn try_from(text: String) -> Result<Self, ProtocolError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

/// An amount in minor units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units, such as cents.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`ProtocolError::BadSum`] for two currencies or a sum past what can be counted.
    pub fn plus(self, other: Self) -> Result<Self, ProtocolError> {
        if self.currency != other.currency {
            return Err(ProtocolError::BadSum { reason: "they are in two currencies" });
        }
        let minor = self.minor.checked_add(other.minor);
        minor.map(|minor| Self { minor, ..self }).ok_or(OVERFLOW)
    }

    /// The amount `count` times.
    ///
    /// # Errors
    /// [`ProtocolError::BadSum`] when it passes what can be counted.
    pub fn times(self, count: u32) -> Result<Self, ProtocolError> {
        let minor = self.minor.checked_mul(i64::from(count));
        minor.map(|minor| Self { minor, ..self }).ok_or(OVERFLOW)
    }

    /// Checks that this can be a price: from 0 to [`AMOUNT_MINOR_MAX`].
    ///
    /// # Errors
    /// [`ProtocolError::BadSum`].
    pub fn check_price(self) -> Result<(), ProtocolError> {
        if (0..=AMOUNT_MINOR_MAX).contains(&self.minor) {
            return Ok(());
        }
        Err(ProtocolError::BadSum { reason: "a price is below nothing or far too high" })
    }
}

const OVERFLOW: ProtocolError = ProtocolError::BadSum { reason: "the sum is too large" };

impl fmt::Display for Money {
    /// `EUR 12.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let unit = 10_u64.pow(digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        write!(f, "{} {sign}{}", self.currency, minor / unit)?;
        if digits > 0 {
            write!(f, ".{:0width$}", minor % unit, width = digits as usize)?;
        }
        Ok(())
    }
}

impl FromStr for Money {
    type Err = ProtocolError;

    /// Reads `EUR 12.50`, `12.50 EUR` and `12,5 EUR`.
    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let unreadable =
            || ProtocolError::Unreadable { given: text::shown(given), expected: "an amount such as EUR 12.50" };
        let mut words = given.split_whitespace();
        let (Some(one), Some(two), None) = (words.next(), words.next(), words.next()) else {
            return Err(unreadable());
        };
        let (currency, amount) = match one.parse::<Currency>() {
            Ok(currency) => (currency, two),
            Err(_) => (two.parse().map_err(|_| unreadable())?, one),
        };
        let minor = parse_minor(amount, currency.minor_digits()).ok_or_else(unreadable)?;
        Ok(Self { minor, currency })
    }
}

fn parse_minor(amount: &str, digits: u32) -> Option<i64> {
    let (whole, part) = amount.split_once(['.', ',']).unwrap_or((amount, ""));
    let digits = digits as usize;
    if whole.is_empty() || part.len() > digits || !(whole.to_owned() + part).bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{part:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_back_what_they_show() {
        for (text, minor) in [("EUR 12.50", 1250), ("EUR 0.05", 5), ("JPY 300", 300), ("KWD 1.005", 1005)] {
            let money: Money = text.parse().unwrap();
            assert_eq!((money.minor, money.to_string().as_str()), (minor, text));
        }
        assert_eq!("12,5 eur".parse::<Money>().unwrap().minor, 1250);
        for wrong in ["12.505 EUR", "EUR", "EUR -1", "EUR 1.2.3", "1 2 EUR", "EUR ٣"] {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sums_never_wrap_or_mix() {
        let euro = Money::new(i64::MAX, Currency::EUR);
        assert!(euro.plus(Money::new(1, Currency::EUR)).is_err());
        assert!(euro.times(2).is_err());
        assert!(euro.plus(Money::zero("USD".parse().unwrap())).is_err());
    }
}
