//! The host key, and the keys that follow from it. What the database keeps of codes
//! and tokens is hashed under these, so that whoever reads the database alone can
//! neither open a gallery nor enrol nor follow an order.

use std::path::Path;

use enprint_protocol::access_code::Code;
use enprint_protocol::ids::{ContentHash, OrderId};
use enprint_protocol::peer::key_file;
use enprint_protocol::signed::{Record, Signed};
use enprint_protocol::{Keypair, PublicKey};

use crate::error::HostError;
use crate::views::OrderToken;

/// What only the host's processes know.
pub(crate) struct Secrets {
    host_key: Keypair,
    access_codes: [u8; 32],
    invitations: [u8; 32],
    order_tokens: [u8; 32],
}

impl Secrets {
    /// Reads `host.key` in `data_dir`, or makes it. Blocks.
    pub(crate) fn load(data_dir: &Path) -> Result<Self, HostError> {
        let host_key = key_file::load_or_create(&data_dir.join("host.key"))?;
        let secret = host_key
            .to_protobuf_encoding()
            .map_err(|error| HostError::Config { what: "host key", problem: error.to_string() })?;
        Ok(Self {
            access_codes: blake3::derive_key("enprint host 1: access codes", &secret),
            invitations: blake3::derive_key("enprint host 1: invitations", &secret),
            order_tokens: blake3::derive_key("enprint host 1: order tokens", &secret),
            host_key,
        })
    }

    /// The key by which peers know the host.
    pub(crate) fn public(&self) -> PublicKey {
        self.host_key.public()
    }

    /// Signs as the host.
    pub(crate) fn sign<T: Record>(&self, record: &T) -> Result<Signed<T>, HostError> {
        Ok(Signed::sign(record, &self.host_key)?)
    }

    /// What the database keeps of an access code.
    pub(crate) fn access_code(&self, code: &Code) -> ContentHash {
        code.keyed_hash(&self.access_codes)
    }

    /// What the database keeps of an invitation.
    pub(crate) fn invitation(&self, code: &Code) -> ContentHash {
        code.keyed_hash(&self.invitations)
    }

    /// The secret of an order's page. It follows from the order's id, so that a repeated
    /// order gets the same answer and a list of orders can link to them.
    pub(crate) fn order_token(&self, order_id: &OrderId) -> OrderToken {
        let hash = blake3::keyed_hash(&self.order_tokens, &order_id.0);
        let mut token = [0; 16];
        token.copy_from_slice(&hash.as_bytes()[..16]);
        OrderToken(OrderId(token))
    }
}

/// What the database keeps of an order's token.
pub(crate) fn order_token_hash(token: &OrderToken) -> ContentHash {
    ContentHash::of(&token.0.0)
}
