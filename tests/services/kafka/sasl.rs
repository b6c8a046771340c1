//! Signing in as a broker sees it: PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677).

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};

/// A way of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The password as it is.
    Plain,
    /// A proof of knowing it, with SHA-256.
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
}

const SALT: &[u8] = b"some salt of the test";
const ROUNDS: u32 = 4096;

impl Mechanism {
    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }

    fn hmac(self, key: &[u8], text: &[u8]) -> Vec<u8> {
        let algorithm = if self == Self::ScramSha512 { hmac::HMAC_SHA512 } else { hmac::HMAC_SHA256 };
        hmac::sign(&hmac::Key::new(algorithm, key), text).as_ref().to_vec()
    }

    fn hash(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = if self == Self::ScramSha512 { &digest::SHA512 } else { &digest::SHA256 };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    fn salted(self, password: &str) -> Vec<u8> {
        let (algorithm, length) = match self {
            Self::ScramSha512 => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
            _ => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        };
        let mut salted = vec![0; length];
        pbkdf2::derive(algorithm, NonZeroU32::new(ROUNDS).unwrap(), SALT, password.as_bytes(), &mut salted);
        salted
    }
}

/// How far the sign-in of one connection is.
pub(super) struct SignIn {
    user: Option<(Mechanism, &'static str, &'static str)>,
    /// What the client and the server said first in SCRAM.
    said: Option<(String, String)>,
    pub(super) done: bool,
}

impl SignIn {
    pub(super) fn new(user: Option<(Mechanism, &'static str, &'static str)>) -> Self {
        Self { user, said: None, done: user.is_none() }
    }

    /// The only way of signing in that is taken.
    pub(super) fn mechanism(&self) -> Option<&'static str> {
        self.user.map(|(mechanism, ..)| mechanism.name())
    }

    /// The answer to what a client says; nothing if it is wrong.
    pub(super) fn answer(&mut self, said: &[u8]) -> Option<Vec<u8>> {
        let (mechanism, user, password) = self.user?;
        if mechanism == Mechanism::Plain {
            self.done = said == format!("\0{user}\0{password}").as_bytes();
            return self.done.then(Vec::new);
        }
        let said = std::str::from_utf8(said).ok()?;
        let part = |name: &str| said.split(',').find_map(|part| part.strip_prefix(name));
        let Some((client, server)) = &self.said else {
            if part("n=")? != user {
                return None;
            }
            let server = format!("r={}fromtheserver,s={},i={ROUNDS}", part("r=")?, BASE64.encode(SALT));
            self.said = Some((said.strip_prefix("n,,")?.to_owned(), server.clone()));
            return Some(server.into_bytes());
        };
        let proof = BASE64.decode(part("p=")?).ok()?;
        let text = format!("{client},{server},{}", said.rsplit_once(",p=")?.0);
        let salted = mechanism.salted(password);
        let stored = mechanism.hash(&mechanism.hmac(&salted, b"Client Key"));
        let signature = mechanism.hmac(&stored, text.as_bytes());
        let key: Vec<u8> = proof.iter().zip(&signature).map(|(proof, sign)| proof ^ sign).collect();
        self.done = mechanism.hash(&key) == stored;
        let signed = mechanism.hmac(&mechanism.hmac(&salted, b"Server Key"), text.as_bytes());
        self.done.then(|| format!("v={}", BASE64.encode(signed)).into_bytes())
    }
}
