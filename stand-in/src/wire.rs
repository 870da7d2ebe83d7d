//! Answers that break on their way: written past the HTTP server, which would not send what is wrong.

use std::io::{self, Write};

use tokio::net::TcpStream;

use crate::server::{Answer, Break};

/// A second handle of a connection, beside the one that the HTTP server has.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Gives the connection back, and a second handle of it.
    pub fn beside(stream: TcpStream) -> io::Result<(TcpStream, Wire)> {
        let stream = stream.into_std()?;
        let twin = stream.try_clone()?;
        Ok((TcpStream::from_std(stream)?, Wire(TcpStream::from_std(twin)?)))
    }

    /// Sends as much of the answer as comes through, and gives the error with which the HTTP server is to end the connection.
    pub async fn deliver(&self, answer: &Answer, breaks: Break) -> io::Error {
        let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
        let mut sent = head(answer);
        match breaks {
            Break::Reset => {
                sent.clear();
                let _ = self.0.set_zero_linger();
            }
            Break::CutBody | Break::Stall => {
                sent.extend(format!("content-length: {}\r\n\r\n", answer.body.len().max(1)).bytes());
                sent.extend(half);
            }
            Break::CutChunk => {
                sent.extend(b"transfer-encoding: chunked\r\n\r\n");
                if !half.is_empty() {
                    sent.extend(format!("{:x}\r\n", half.len()).bytes());
                    sent.extend(half);
                    sent.extend(b"\r\n");
                }
            }
            Break::CutWithoutLength => {
                sent.extend(b"connection: close\r\n\r\n");
                sent.extend(half);
            }
        }
        self.write(&sent).await;
        if breaks == Break::Stall {
            std::future::pending::<()>().await;
        }
        io::Error::from(io::ErrorKind::ConnectionAborted)
    }

    async fn write(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.0.writable().await.is_ok() {
            match self.0.try_write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

/// Status line and headers, without what says how long the body is.
fn head(answer: &Answer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Stand-In\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}
