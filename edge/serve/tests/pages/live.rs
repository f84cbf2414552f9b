//! What happens now, as it happens.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::stage::{Stage, event};

async fn look(stage: &Stage) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(stage.address()).await.unwrap();
    let asked = format!("GET /live HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", stage.address(), stage.cookie);
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
    }
    stream
}

/// The next line that says something; none when the stream has ended.
async fn next(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        if let Some(data) = line.strip_prefix("data: ") {
            return Some(data.trim_end().to_owned());
        }
        line.clear();
    }
    None
}

#[tokio::test]
async fn an_event_is_told_in_words_to_whoever_looks() {
    let stage = Stage::new().await;
    let mut stream = look(&stage).await;
    stage.keeper.board().add(event());
    let told = next(&mut stream).await.unwrap();
    for part in ["\"fate\":\"Stopped\"", "\"whom\":\"Xiaomi\"", "China", "page address and search words", "private"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn whoever_misses_something_is_told_so() {
    let stage = Stage::new().await;
    let mut stream = look(&stage).await;
    // On one thread nothing is sent before all have happened, and only so many are kept for it.
    (0..300).for_each(|_| stage.keeper.board().add(event()));
    assert_eq!(next(&mut stream).await.as_deref(), Some("44"));
    assert!(next(&mut stream).await.unwrap().contains("\"whom\":\"Xiaomi\""));
    let (page, script) = (stage.get("/").await.body, stage.get("/live.js").await.body);
    assert!(page.contains("data-missed=\"More came at once") && script.contains("addEventListener(\"missed\""));
}

#[tokio::test]
async fn pages_that_were_stopped_are_gone_though_somebody_still_looks() {
    let stage = Stage::new().await;
    let mut stream = look(&stage).await;
    stage.serving.stop().await;
    assert_eq!(next(&mut stream).await, None);
}
