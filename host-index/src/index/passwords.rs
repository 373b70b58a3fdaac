//! Passwords: what is kept of one, and whether one fits. Argon2id, a few at a time, off
//! the async threads. Opens no database.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OnceCell, Semaphore};

use crate::error::HostError;
use crate::limits;

/// The turns at hashing, and a hash that no password fits.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    decoy: OnceCell<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(limits::PASSWORDS_AT_ONCE)), decoy: OnceCell::new() }
    }
}

impl Passwords {
    /// What the database keeps of a new password.
    ///
    /// # Errors
    /// [`HostError::Field`] for one that is too short or too long; [`HostError::Busy`].
    pub(super) async fn hash(&self, password: &str) -> Result<String, HostError> {
        check(password)?;
        let password = password.to_owned();
        self.in_turn(move || hash(&password)).await
    }

    /// Whether `password` is the one behind `stored`. Takes as long where there is none,
    /// so that nobody learns which accounts there are.
    ///
    /// # Errors
    /// [`HostError::Busy`]
    pub(super) async fn fits(&self, password: &str, stored: Option<String>) -> Result<bool, HostError> {
        if password.len() > limits::PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let (password, is_known) = (password.to_owned(), stored.is_some());
        let stored = match stored {
            Some(stored) => stored,
            None => self.decoy.get_or_try_init(|| self.in_turn(|| hash("nobody has this password"))).await?.clone(),
        };
        let fits = self.in_turn(move || Ok(verify(&password, &stored))).await?;
        Ok(fits && is_known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(limits::PASSWORD_WAIT, turn).await;
        let turn = turn.map_err(|_| HostError::Busy)?.map_err(|_| HostError::Stopping)?;
        let hashed = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        hashed.await.map_err(|_| HostError::Stopping)?
    }
}

fn check(password: &str) -> Result<(), HostError> {
    if password.chars().count() < limits::PASSWORD_CHARS_MIN {
        let problem = format!("The password needs at least {} characters.", limits::PASSWORD_CHARS_MIN);
        return Err(HostError::field("password", problem));
    }
    if password.len() > limits::PASSWORD_BYTES_MAX {
        let problem = format!("The password can have at most {} bytes.", limits::PASSWORD_BYTES_MAX);
        return Err(HostError::field("password", problem));
    }
    Ok(())
}

fn hasher() -> Result<Argon2<'static>, HostError> {
    let params =
        Params::new(limits::PASSWORD_HASH_KIB, limits::PASSWORD_HASH_PASSES, limits::PASSWORD_HASH_LANES, None);
    let params = params.map_err(|error| HostError::PasswordUnusable { reason: error.to_string() })?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, HostError> {
    let hashed: Result<PasswordHash, _> = hasher()?.hash_password(password.as_bytes());
    let hashed = hashed.map_err(|error| HostError::PasswordUnusable { reason: error.to_string() })?;
    Ok(hashed.to_string())
}

/// The parameters are those that the stored hash names.
fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobody_s_fits_nothing() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse battery").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.fits("correct horse battery", Some(stored.clone())).await.unwrap());
        assert!(!passwords.fits("correct horse batterY", Some(stored)).await.unwrap());
        assert!(!passwords.fits("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn short_and_endless_passwords_are_refused_in_words() {
        let passwords = Passwords::default();
        for wrong in ["", "ninechars", &"x".repeat(limits::PASSWORD_BYTES_MAX + 1)] {
            assert!(matches!(passwords.hash(wrong).await, Err(HostError::Field { field: "password", .. })));
        }
    }
}
