//! One connection through a proxy to a host, over TLS.

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::stand::Stand;

pub struct Client {
    stream: TlsStream<TcpStream>,
    host: String,
    answer: Vec<u8>,
}

impl Client {
    pub async fn connect(stand: &Stand, host: &str) -> Self {
        let mut stream = TcpStream::connect(stand.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(format!("CONNECT {host}:443 HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        let stream = stand.connector.connect(ServerName::try_from(host.to_owned()).unwrap(), stream).await.unwrap();
        Self { stream, host: host.to_owned(), answer: vec![0; 16 << 10] }
    }

    /// Goes to a page, as a browser does.
    pub async fn visit(&mut self, path: &str) {
        let fields = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\n";
        self.say(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.host).as_bytes()).await;
    }

    /// Reports this; the server must have had it.
    pub async fn post(&mut self, body: &[u8]) {
        let host = &self.host;
        let head = match body.is_empty() {
            true => format!("GET /collect HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n\r\n"),
            false => {
                let length = body.len();
                format!(
                    "POST /collect HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
                )
            }
        };
        self.say(&[head.as_bytes(), body].concat()).await;
    }

    async fn say(&mut self, wire: &[u8]) {
        self.stream.write_all(wire).await.unwrap();
        self.stream.flush().await.unwrap();
        let mut have = 0;
        while !self.answer[..have].ends_with(crate::server::END) {
            let more = self.stream.read(&mut self.answer[have..]).await.unwrap();
            assert!(more > 0, "answered by somebody else: {}", String::from_utf8_lossy(&self.answer[..have]));
            have += more;
        }
    }
}
