//! A client that sends bytes as they are, and reads what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body, which must be JSON and say so.
    pub fn json(&self) -> Value {
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.contains("json"), "{content_type}: {}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body of an error, which must have its three members.
    pub fn problem(&self) -> Value {
        let body = self.json();
        assert_eq!(body["statusCode"], self.status, "{body}");
        assert!(body["error"].as_str().is_some_and(|words| !words.is_empty()), "{body}");
        assert!(body["message"].is_string(), "{body}");
        assert!(self.header("x-request-id").is_some(), "{body}");
        body
    }
}

/// Sends bytes and reads until the other side closes.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    over(TcpStream::connect(address).await.unwrap(), bytes).await
}

/// The same over a connection that is there.
pub async fn over(stream: impl AsyncRead + AsyncWrite, bytes: &[u8]) -> Answer {
    let (mut from, mut to) = tokio::io::split(stream);
    let mut came = Vec::new();
    let reading = async {
        let _ = from.read_to_end(&mut came).await;
    };
    // the server may answer and close before it has read everything
    let writing = async {
        let _ = to.write_all(bytes).await;
    };
    tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(reading, writing) })
        .await
        .expect("no answer in time");
    parse(&came)
}

pub fn parse(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse::<usize>().unwrap());
    let (body, complete) =
        if chunked { dechunk(rest) } else { (rest.to_vec(), length.is_none_or(|length| length == rest.len())) };
    Answer { status, headers, body, complete }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let Ok(size) = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16) else { break };
        if size == 0 {
            return (body, true);
        }
        let end = (at + 2 + size).min(rest.len());
        body.extend_from_slice(&rest[at + 2..end]);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    (body, false)
}
