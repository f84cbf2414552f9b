//! App Privacy Report of iOS (NDJSON): which app contacted which domain.
//!
//! One JSON object a line. `networkActivity` becomes a sealed exchange of its
//! app: what was sent is not in the report. `access` (camera, contacts …) is no
//! traffic.

use std::sync::Arc;

use model::{Body, Client, Exchange, IngressKind, Process, Request, Seal, SealReason};

use super::{Format, PieceSink, har::scan::JsonScan, json_list};
use crate::{
    piece::{PieceItem, PieceResult},
    refused::RefusedFile,
    source::CaptureSource,
    stamp,
};

pub(super) struct PrivacyReport;

impl Format for PrivacyReport {
    fn name(&self) -> &'static str {
        "app-privacy-report"
    }

    fn says(&self) -> &'static str {
        "App Privacy Report of iOS (`.ndjson`): each app with the domains it contacted, as connections that were not read"
    }

    fn fits(&self, head: &[u8]) -> bool {
        let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
        head.trim_ascii_start().starts_with(b"{")
            && (has(b"\"networkActivity\"") && has(b"\"domain\"") || has(b"\"access\"") && has(b"\"accessor\""))
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let (mut scan, mut index) = (JsonScan::new(source), 0);
        while let Some(byte) = scan.next() {
            if byte != b'{' {
                scan.pass();
                continue;
            }
            let piece = json_list::piece(&mut scan, &PrivacyReport, index);
            index += 1;
            if each(piece).is_break() {
                break;
            }
        }
        Ok(index)
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        let Some(value) = json_list::value(index, bytes, each) else { return };
        let domain = json_list::text(&value["domain"]);
        if value["type"] != "networkActivity" || domain.is_empty() {
            return;
        }
        let app = match json_list::text(&value["bundleID"]) {
            app if app.is_empty() => json_list::text(&value["accessor"]["identifier"]),
            app => app,
        };
        let (first, last) = (json_list::text(&value["firstTimeStamp"]), json_list::text(&value["timeStamp"]));
        let hits = value["hits"].as_u64().unwrap_or(1);
        let host = if domain.contains(':') { format!("[{domain}]") } else { domain };
        let exchange = Exchange {
            index,
            trial: None,
            connection: index,
            started: stamp::time(&first).or_else(|| stamp::time(&last)).unwrap_or_default(),
            ended: stamp::time(&last),
            inlet: IngressKind::Imported,
            client: Arc::new(Client {
                process: (!app.is_empty()).then(|| Process { pid: 0, name: app, path: String::new() }),
                ..Client::default()
            }),
            request: Request {
                method: "CONNECT".into(),
                url: format!("https://{}/", host.to_ascii_lowercase().trim_end_matches('.')),
                version: String::new(),
                headers: Vec::new(),
                body: Body::default(),
            },
            response: None,
            messages: Vec::new(),
            seal: Some(Seal {
                reason: SealReason::Tunnelled,
                says: format!("the report names {hits} contacts, not what was sent"),
                sent: 0,
                received: 0,
            }),
        };
        PieceResult { exchange: Some(exchange), gaps: Vec::new() }.give(each);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::{check, shown};

    const REPORT: &str = r#"{"accessor":{"identifier":"com.example.app","identifierType":"bundleID"},"category":"camera","type":"access"}
{"domain":"Log.Example.","firstTimeStamp":"2021-10-14T08:24:53.092+08:00","timeStamp":"2021-10-18T08:42:46.449+08:00","hits":2,"type":"networkActivity","bundleID":"com.example.app"}
{"domain":"2001:db8::1","hits":1,"type":"networkActivity","bundleID":"com.example.app"}
"#;

    #[test]
    fn each_domain_is_a_connection_of_its_app() {
        check(
            REPORT,
            expect![[r#"
                1 CONNECT https://log.example/ 
                  sealed: the report names 2 contacts, not what was sent
                2 CONNECT https://[2001:db8::1]/ 
                  sealed: the report names 1 contacts, not what was sent
            "#]],
        );
    }

    #[test]
    fn a_cut_report_says_so() {
        let cut = shown(&REPORT.as_bytes()[..REPORT.len() - 9]);
        assert!(cut.contains("1 CONNECT") && cut.contains("! Cut: the file ends within this entry"), "{cut}");
    }
}
