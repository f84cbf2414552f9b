//! A server that has every name, and keeps what it got.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use model::{Record, Request};
use proxy::{AnswerProvider, CertificateAuthority, Proxy, ProxySettings};

pub struct Server {
    pub address: SocketAddr,
    pub authority: Arc<CertificateAuthority>,
    got: Arc<Mutex<Vec<Request>>>,
    _proxy: Proxy,
}

/// Keeps what is asked, and leaves the answer to another.
struct Keeping<A> {
    got: Arc<Mutex<Vec<Request>>>,
    answers: A,
}

impl<A: AnswerProvider> AnswerProvider for Keeping<A> {
    fn answer(&self, request: &Request) -> proxy::StaticResponse {
        self.got.lock().unwrap().push(request.clone());
        self.answers.answer(request)
    }

    fn message(&self, request: &Request, message: &[u8]) -> Option<bytes::Bytes> {
        self.answers.message(request, message)
    }
}

impl Server {
    pub fn start(answers: impl AnswerProvider) -> Self {
        let authority = Arc::new(CertificateAuthority::in_memory("Servers of a test").unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Keeping { got: Arc::clone(&got), answers });
        let (sink, mut records) = tokio::sync::mpsc::channel::<Record>(16);
        tokio::spawn(async move { while records.recv().await.is_some() {} });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy =
            Proxy::serve(listener, Arc::clone(&authority), answers, Arc::new(sink), ProxySettings::default()).unwrap();
        Self { address: proxy.address(), authority, got, _proxy: proxy }
    }

    /// What it got so far.
    pub fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.got.lock().unwrap().clear();
    }
}
