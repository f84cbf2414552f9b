//! A cell with real namespaces. Skipped, with the reason, where none can be made.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::{
    io::{BufRead, BufReader, Read},
    net::{TcpStream, UdpSocket},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use experiment::cell::{Cell, CellIsolation, CellProgram, CellSpec, LogEntry};
use stage::spec;

const SOON: Duration = Duration::from_secs(10);

async fn said(cell: &Cell, program: &str, args: &[&str]) -> String {
    let done = cell.run(CellProgram::new(program).args(args.iter().copied()), SOON).await.unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_anywhere_arrives_at_the_proxy() {
    let Some((cell, sockets)) = stage::cell(0).await else { return };
    let proxy = &sockets.proxy[0];
    cell.inside(|| TcpStream::connect_timeout(&"203.0.113.9:443".parse().unwrap(), SOON).map(drop))
        .await
        .unwrap()
        .unwrap();
    proxy.set_nonblocking(false).unwrap();
    assert!(proxy.accept().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_the_proxy_itself_is_not_turned_in_a_circle() {
    let Some((cell, sockets)) = stage::cell(0).await else { return };
    let address = cell.proxy();
    let local = cell
        .inside(move || TcpStream::connect_timeout(&address, SOON).and_then(|stream| stream.local_addr()))
        .await
        .unwrap()
        .unwrap();
    sockets.proxy[0].set_nonblocking(false).unwrap();
    assert_eq!(sockets.proxy[0].accept().unwrap().1, local);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_asked_of_anyone_is_asked_of_candor() {
    let Some((cell, sockets)) = stage::cell(0).await else { return };
    cell.inside(|| UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"?", "203.0.113.53:53")))
        .await
        .unwrap()
        .unwrap();
    let responder = &sockets.dns.as_ref().unwrap().udp[0];
    responder.set_nonblocking(false).unwrap();
    let mut question = [0; 9];
    assert_eq!(responder.recv_from(&mut question).unwrap().0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn quic_is_refused_and_counted() {
    let Some((cell, _sockets)) = stage::cell(0).await else { return };
    let sends = ["-c", "echo > /dev/udp/203.0.113.9/443 && echo sent || echo refused"];
    assert_eq!(said(&cell, "bash", &sends).await, "refused");
    let refused = cell.refused().await.unwrap().unwrap();
    assert_eq!((refused.quic, refused.other), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_of_the_control_are_refused_and_written_down_and_not_counted() {
    let Some((cell, mut sockets)) = stage::cell(0).await else { return };
    let mut packets = sockets.packets.take().unwrap().watch().unwrap();
    for port in [443, 4433] {
        let sent = cell
            .inside(move || UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"?", ("203.0.113.9", port))))
            .await
            .unwrap();
        assert!(sent.is_err());
        let logged = tokio::time::timeout(SOON, packets.next()).await.unwrap().unwrap();
        assert!(matches!(logged, LogEntry::Packet(packet) if packet.port == Some(port)));
    }
    let refused = cell.refused().await.unwrap().unwrap();
    assert_eq!((refused.quic, refused.other), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_neither_tcp_nor_dns_is_refused_and_kept_whole() {
    let Some((cell, mut sockets)) = stage::cell(0).await else { return };
    let mut packets = sockets.packets.take().unwrap().watch().unwrap();
    let script = "echo -n told-by-datagram > /dev/udp/203.0.113.7/5000
                  echo -n told-to-the-port-of-quic > /dev/udp/203.0.113.7/443
                  echo -n told-to-itself > /dev/udp/127.0.0.1/5001
                  echo > /dev/tcp/127.0.0.1/5002; true";
    cell.run(CellProgram::new("bash").args(["-c", script]), SOON).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match tokio::time::timeout(SOON, packets.next()).await.unwrap().unwrap() {
            LogEntry::Packet(packet) => seen.push((packet.to.to_string(), packet.port, packet.payload)),
            LogEntry::Lost => panic!("packets were lost"),
        }
    }
    let (there, here) = ("203.0.113.7".to_owned(), "127.0.0.1".to_owned());
    assert_eq!(
        seen,
        [
            (there.clone(), Some(5000), b"told-by-datagram".to_vec()),
            (there, Some(443), b"told-to-the-port-of-quic".to_vec()),
            (here.clone(), Some(5001), b"told-to-itself".to_vec()),
            (here, Some(5002), vec![]),
        ]
    );
    let refused = cell.refused().await.unwrap().unwrap();
    assert_eq!((refused.quic, refused.other), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_nobody_on_a_machine_of_its_own() {
    let Some((cell, _sockets)) = stage::cell(3).await else { return };
    let device = experiment::cell::CellDevice::numbered(1, 3);
    assert_eq!(said(&cell, "id", &["-u"]).await, "65534");
    assert_eq!(said(&cell, "hostname", &[]).await, device.hostname);
    assert_eq!(said(&cell, "cat", &["/etc/machine-id"]).await, device.machine_id);
    assert_eq!(said(&cell, "cat", &["/sys/class/net/eth0/address"]).await, device.mac);
    assert_eq!(
        said(&cell, "sh", &["-c", "ls -A /tmp /run/dbus /run/systemd 2>/dev/null; :"]).await,
        "/tmp:\n.X11-unix"
    );
    assert_eq!(said(&cell, "sh", &["-c", "pwd; ls -A"]).await, "/home/person\ntmp");
    assert_eq!(said(&cell, "sh", &["-c", "ls /proc | grep -c '^[0-9]'"]).await.parse::<u32>().map(|n| n < 8), Ok(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_takes_its_children_along() {
    let Some((cell, _sockets)) = stage::cell(0).await else { return };
    let process = cell.start(CellProgram::new("sh").args(["-c", "setsid sleep 1000 & sleep 1000"])).await.unwrap();
    let family = grown(&process).await;
    process.kill().await;
    assert!(gone(&family, Duration::ZERO), "{family:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_ends_takes_its_programs_along() {
    let Some((cell, sockets)) = stage::cell(0).await else { return };
    let process = cell.start(CellProgram::new("sh").args(["-c", "setsid sleep 1000 & sleep 1000"])).await.unwrap();
    let family = grown(&process).await;
    drop((cell, sockets));
    assert!(gone(&family, SOON), "{family:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_asked_to_end_can_do_so_in_its_own_way() {
    let Some((cell, _sockets)) = stage::cell(0).await else { return };
    let mut process = cell
        .start(CellProgram::new("sh").args(["-c", "trap 'echo bye; exit' TERM; while :; do sleep 0.1; done"]))
        .await
        .unwrap();
    grown(&process).await;
    process.ask_to_end();
    let mut output = process.output.take().unwrap();
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut output, &mut text).await.unwrap();
    assert_eq!(text, "bye\n");
    assert!(process.ended(SOON).await.is_some());
}

/// Candor is played by this test program itself, started a second time.
#[test]
fn a_killed_candor_leaves_nothing_running() {
    let mut candor = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "plays_candor_until_killed", "--nocapture"])
        .env("CANDOR_IS_PLAYED", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(candor.stdout.take().unwrap()).lines().map_while(Result::ok);
    let family = lines.into_iter().find_map(|line| match line.split_once(' ') {
        Some(("family", ids)) => Some(ids.split(' ').map(|id| id.parse().unwrap()).collect::<Vec<u32>>()),
        _ => line.starts_with("skipped").then(Vec::new),
    });
    candor.kill().unwrap();
    candor.wait().unwrap();
    let family = family.expect("it says what it started");
    assert!(gone(&family, SOON), "{family:?}");
}

#[test]
fn plays_candor_until_killed() {
    if std::env::var_os("CANDOR_IS_PLAYED").is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _kept = runtime.block_on(async {
        let Some((cell, sockets)) = stage::cell(0).await else {
            println!("skipped");
            return None;
        };
        let process = cell.start(CellProgram::new("sh").args(["-c", "setsid sleep 1000 & sleep 1000"])).await.unwrap();
        let family: Vec<String> = grown(&process).await.iter().map(u32::to_string).collect();
        println!("family {}", family.join(" "));
        Some((cell, sockets, process))
    });
    // Until the other end kills this, or is itself gone.
    let _ = std::io::stdin().read(&mut [0]);
    std::thread::sleep(Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_walls_a_cell_stands_on_the_host_and_says_so() {
    let (cell, sockets) = Cell::open(spec(CellIsolation::None, 0)).await.unwrap();
    assert!(!cell.watched() && sockets.dns.is_none());
    assert_eq!(cell.refused().await.unwrap(), None);
    let home = cell.home().to_owned();
    assert_eq!(said(&cell, "pwd", &[]).await, home.display().to_string());
    drop(cell);
    assert!(!home.exists());
}

/// Every process of it, once both sleepers are there.
async fn grown(process: &experiment::cell::CellProcess) -> Vec<u32> {
    for _ in 0..100 {
        let family = process.family();
        if family.len() >= 3 && family.iter().any(|id| is(*id, "sleep")) {
            return family;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not start: {}", process.said());
}

fn is(id: u32, name: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|comm| comm.trim() == name)
}

/// One that has ended and is only waited for lives no more (proc(5), state Z).
fn lives(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn gone(family: &[u32], within: Duration) -> bool {
    let end = Instant::now() + within;
    loop {
        if !family.iter().any(|id| lives(*id)) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_can_trust_an_authority_that_the_host_does_not() {
    let Some((cell, _sockets)) = stage::cell(0).await else { return };
    let before = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    cell.trust(proxy::CertificateAuthority::in_memory("A test").unwrap().cert_pem()).await.unwrap();
    let bundle = cell.read("/etc/ssl/certs/ca-certificates.crt").await.unwrap();
    assert!(bundle.len() > before.len());
    assert_eq!(std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default(), before);
    assert!(!std::path::Path::new("/etc/ssl/certs/candor.pem").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_unpacked_below_tmp_can_be_seen_but_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("program"), "here").unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let spec = CellSpec { keep: vec![folder.path().to_owned()], ..spec(CellIsolation::Namespaces, 0) };
    let Ok((cell, _sockets)) = Cell::open(spec).await else { return };
    let file = folder.path().join("program").display().to_string();
    assert_eq!(said(&cell, "cat", &[&file]).await, "here");
    assert!(cell.write(&file, "changed").await.is_err());
    drop(cell);
    assert_eq!(std::fs::read(&file).unwrap(), b"here");
}
