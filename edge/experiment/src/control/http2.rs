//! The control's requests over HTTP/2.

use std::io;

use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http2, header::CONTENT_TYPE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

/// Sends one request over this connection, and reads its answer to the end.
pub(super) async fn post(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    kind: &str,
    payload: &[u8],
) -> io::Result<()> {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    // The task ends when `sender` is dropped.
    let connection = tokio::spawn(connection);
    let request = Request::post(format!("https://{host}/control")).header(CONTENT_TYPE, kind);
    let request = request.body(Full::new(Bytes::copy_from_slice(payload))).map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    answer.into_body().collect().await.map_err(io::Error::other)?;
    drop(sender);
    connection.await.map_err(io::Error::other)?.map_err(io::Error::other)
}
