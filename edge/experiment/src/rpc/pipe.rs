//! Messages over a program's descriptors, each ended by a zero byte, as
//! Chromium's `--remote-debugging-pipe` has them.

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
};

use super::RpcTransport;

/// Carries messages until either side closes.
pub fn wire(
    reader: impl AsyncRead + Unpin + Send + 'static,
    mut writer: impl AsyncWrite + Unpin + Send + 'static,
) -> RpcTransport {
    let (outgoing, mut to_send) = mpsc::unbounded_channel::<String>();
    let (received, incoming) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = to_send.recv().await {
            let mut bytes = message.into_bytes();
            bytes.push(0);
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        let mut reader = BufReader::new(reader);
        let mut message = Vec::new();
        while let Ok(1..) = reader.read_until(0, &mut message).await {
            if message.pop_if(|last| *last == 0).is_none() {
                break;
            }
            let text = String::from_utf8_lossy(&message).into_owned();
            message.clear();
            if received.send(text).is_err() {
                break;
            }
        }
    });
    RpcTransport { outgoing, incoming }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_end_with_a_zero_byte_both_ways() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let (reader, writer) = tokio::io::split(ours);
        let mut wire = wire(reader, writer);
        wire.outgoing.send("{}".to_owned()).unwrap();
        let mut sent = [0; 3];
        tokio::io::AsyncReadExt::read_exact(&mut theirs, &mut sent).await.unwrap();
        assert_eq!(&sent, b"{}\0");
        theirs.write_all(b"{\"a\":1}\0{\"b\":2}\0cut").await.unwrap();
        drop(theirs);
        assert_eq!(wire.incoming.recv().await.unwrap(), r#"{"a":1}"#);
        assert_eq!(wire.incoming.recv().await.unwrap(), r#"{"b":2}"#);
        assert_eq!(wire.incoming.recv().await, None);
    }
}
