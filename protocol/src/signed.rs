//! Sign bytes, carry bytes: a [`Signed`] record keeps the exact bytes that were
//! signed. Verify first, decode then, never encode again.

use std::marker::PhantomData;

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::codec;
use crate::error::ProtocolError;
use crate::limits::CONTROL_BYTES_MAX;

/// A record that can be signed. The domain keeps a signature for one kind of
/// record from being used for another.
pub trait Record: Serialize + DeserializeOwned {
    /// Versioned name that is signed along with the bytes.
    const DOMAIN: &'static str;
    /// The word for people: "order", "status".
    const WORD: &'static str;
}

/// A record's bytes with the key and signature of who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Signed<T> {
    payload: ByteBuf,
    key: ByteBuf,
    signature: ByteBuf,
    #[serde(skip)]
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Signed<T> {
    /// Signs `record` with `key`.
    ///
    /// # Errors
    /// [`ProtocolError::Unwritable`] when the record does not encode, or the key can't sign.
    pub fn sign(record: &T, key: &Keypair) -> Result<Self, ProtocolError> {
        let payload = codec::encode(record)?;
        let signature = key
            .sign(&to_sign::<T>(&payload))
            .map_err(|error| ProtocolError::Unwritable { reason: error.to_string() })?;
        Ok(Self {
            payload: ByteBuf::from(payload),
            key: ByteBuf::from(key.public().encode_protobuf()),
            signature: ByteBuf::from(signature),
            record: PhantomData,
        })
    }

    /// The record, once its signature by `signer` has been checked.
    ///
    /// # Errors
    /// [`ProtocolError::BadSignature`], or [`ProtocolError::Malformed`] when the
    /// signed bytes are no such record.
    pub fn open(&self, signer: &PublicKey) -> Result<T, ProtocolError> {
        let (key, record) = self.open_any()?;
        if &key == signer { Ok(record) } else { Err(Self::bad_signature()) }
    }

    /// As [`Self::open`], for a signer known by its peer id.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_from(&self, signer: &PeerId) -> Result<T, ProtocolError> {
        let (key, record) = self.open_any()?;
        if &key.to_peer_id() == signer { Ok(record) } else { Err(Self::bad_signature()) }
    }

    /// The record and whose signature it carries; the caller decides whether that
    /// signer may say it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_any(&self) -> Result<(PublicKey, T), ProtocolError> {
        let key = PublicKey::try_decode_protobuf(&self.key).map_err(|_| Self::bad_signature())?;
        if !key.verify(&to_sign::<T>(&self.payload), &self.signature) {
            return Err(Self::bad_signature());
        }
        Ok((key, codec::decode(&self.payload, CONTROL_BYTES_MAX)?))
    }

    fn bad_signature() -> ProtocolError {
        ProtocolError::BadSignature { record: T::WORD }
    }
}

/// Domain, its length and the payload: no domain can run into a payload.
fn to_sign<T: Record>(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(T::DOMAIN.len() + 8 + payload.len());
    bytes.extend_from_slice(&(T::DOMAIN.len() as u64).to_be_bytes());
    bytes.extend_from_slice(T::DOMAIN.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct One(u32);
    impl Record for One {
        const DOMAIN: &'static str = "enprint test one 1";
        const WORD: &'static str = "test record";
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Two(u32);
    impl Record for Two {
        const DOMAIN: &'static str = "enprint test two 1";
        const WORD: &'static str = "test record";
    }

    #[test]
    fn a_signature_holds_for_its_key_bytes_and_domain_alone() {
        let (ours, theirs) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
        let signed = Signed::sign(&One(7), &ours).unwrap();
        assert_eq!(signed.open(&ours.public()).unwrap(), One(7));
        assert_eq!(signed.open_from(&ours.public().to_peer_id()).unwrap(), One(7));
        assert!(signed.open(&theirs.public()).is_err());

        let mut changed = signed.clone();
        changed.payload = ByteBuf::from(codec::encode(&One(8)).unwrap());
        assert!(changed.open(&ours.public()).is_err());

        let other_domain: Signed<Two> =
            Signed { payload: signed.payload, key: signed.key, signature: signed.signature, record: PhantomData };
        assert!(other_domain.open(&ours.public()).is_err());
    }
}
