//! All text of the pages, in English. The names of kinds of data are in
//! `data/kinds.toml` and, as short labels, in `core/report`.

use guard::{DecisionReason, GuardAction, ReportReason, UnreadChoice};
use model::{Mode, Purpose};
use report::ui::count;

pub(crate) const CANDOR: &str = "Candor";
pub(crate) const SKIP: &str = "To the content";
pub(crate) const GO_ON: &str = "Go on";

/// The bar at the top.
pub(crate) mod top {
    pub(crate) const NOW: &str = "Now";
    pub(crate) const SETTINGS: &str = "Settings";
    pub(crate) const INSTALL: &str = "Connect a device";
    pub(crate) const PAGES: &str = "Pages";
    pub(crate) const ON_GUARD: &str = "On guard";
    pub(crate) const WATCHING: &str = "Watching, stopping nothing";
}

pub(crate) mod refused {
    pub(crate) const TITLE: &str = "Not let in";
    pub(crate) const NOT_US: &str = "This page is only reached by the address that Candor printed when it was started.";
    pub(crate) const NOT_IN_CAPTURE: &str = "Open the address that Candor printed when it was started: it lets one browser in, once, until Candor ends. Somebody who is in can \
         make another such address, at the foot of the first page.";
    pub(crate) const USED_CAPTURE: &str = "This address was used before, and each lets one browser in, once. Somebody who is in can make another one, at the foot of the \
         first page; nobody is in any more once Candor was started anew.";
    pub(crate) const NOT_IN: &str = "Type “candor guard link” in a terminal and open the address that it prints: it lets this browser in, for 30 days. In a browser \
         that candor open started, the button leads here by itself. Somebody who is in can make such an address, too, at the foot of the first page.";
    pub(crate) const USED: &str = "This address was used before, and each lets one browser in, once. “candor guard link” prints another one; somebody who is in can \
         make one, too, at the foot of the first page.";
    pub(crate) const FOREIGN: &str = "Another site asked for this. Nothing was changed.";
    pub(crate) const NO_FORM_OF_OURS: &str = "This did not come from a form of this page, or from one of an earlier run. Nothing was changed. Go back, load the page \
         again, and try once more.";
    pub(crate) const TOO_LONG: &str = "What was sent is too long. Nothing was changed.";
    pub(crate) const NOT_UNDERSTOOD: &str = "This was not understood, and nothing was changed.";
    pub(crate) const NO_SUCH_PAGE: &str = "There is no such page. Events are remembered for a while only.";
    pub(crate) const BACK: &str = "To the first page";
}

pub(crate) mod entry {
    pub(crate) const TITLE: &str = "You are in";
    pub(crate) const SAYS: &str =
        "You can use these pages in this browser now. The address in the link worked once and does not work again.";
}

pub(crate) mod link {
    pub(crate) const TITLE: &str = "Let another browser in";
    pub(crate) const SAYS: &str = "Open this address in the other browser on this machine. It works once, and that browser then stays in for 30 days.";
    pub(crate) const SAYS_CAPTURE: &str = "Open this address in the other browser on this machine. It works once, and that browser then stays in until Candor ends.";
    pub(crate) const FIELD: &str = "Address";
}

pub(crate) mod dashboard {
    pub(crate) const LEDE_GUARD: &str = "Candor stands between your devices and those they report to. What tells them about you stops here, until you turn it on; updates and warnings of dangerous sites go on.";
    pub(crate) const LEDE_CAPTURE: &str = "Candor shows who is told what. Nothing is stopped and nothing is changed.";
    pub(crate) const STOPPED: &str = "reports stopped today";
    pub(crate) const PASSED: &str = "carried something of yours and went on";
    pub(crate) const CARRIED: &str = "requests carried something of yours today";
    pub(crate) const UNREAD: &str = "connections could not be read";
    pub(crate) const DEVICES: &str = "devices seen";
    pub(crate) const NOW: &str = "Who reports what, to whom";
    pub(crate) const NOW_NOTE_GUARD: &str =
        "The newest first. Open one to see what was in it, layer by layer, and to decide.";
    pub(crate) const NOW_NOTE_CAPTURE: &str = "The newest first. Open one to see what was in it, layer by layer.";
    pub(crate) const NOTHING_YET: &str = "Nothing so far.";
    pub(crate) const NOTHING_YET_NOTE: &str =
        "As soon as a device that goes through Candor reports something about you, it stands here.";
    pub(crate) const LIVE: &str = "Live";
    pub(crate) const NOT_LIVE: &str = "Load the page again to see what is new.";
    pub(crate) const LOST: &str = "No longer live: Candor was stopped, or the connection is gone.";
    pub(crate) const MISSED: &str = "More came at once than fits here. Load the page again to see all of it.";
    pub(crate) const PICTURES: &str = "Today in pictures";
    pub(crate) const HOURS: &str = "The last 24 hours";
    pub(crate) const FLOWS_GUARD: &str = "Today: what was meant to leave, and for whom";
    pub(crate) const FLOWS_CAPTURE: &str = "Today: what left, to whom";
    pub(crate) const AS_TABLE: &str = "The picture as a table";
    pub(crate) const DEVICES_TITLE: &str = "Devices";
    pub(crate) const NO_DEVICES: &str = "No device has come through Candor yet.";
    pub(crate) const CONNECT: &str = "Connect one";
    pub(crate) const CHANGES: &str = "What was changed";
    pub(crate) const NO_CHANGES: &str = "Nothing was changed since Candor was started.";
    pub(crate) const OLDER_CHANGES: &str = "Earlier changes stand in the file changes.log.";
    pub(crate) const KEEP: &str = "Keep it, or show it to somebody";
    pub(crate) const KEPT_GUARD: &str = "What was stopped, and what asked, is kept for seven days, with every change of a switch; of private windows nothing, \
         and of the values you entered nothing either.";
    pub(crate) const KEPT_CAPTURE: &str = "Everything seen is kept in one file, sealed by a hash chain.";
    pub(crate) const EXPORT: &str = "Download the evidence";
    pub(crate) const EXPORT_NOTE: &str = "Open it with candor report, candor verify, or sqlite3.";
    pub(crate) const ANOTHER: &str = "Let another browser in";

    pub(crate) const WANTS_IN_NOTE: &str =
        "If it is not yours, do nothing: without this code it is let nowhere. Load the page again when it is in.";

    pub(crate) fn wants_in(device: &str) -> String {
        format!("The device at {device} wants to go through Candor. If it is yours, type this code on it:")
    }

    /// Shown until a device or a browser sends traffic through the proxy.
    pub(crate) const FIRST: &str = "Nothing goes through Candor yet.";
    pub(crate) const FIRST_LEDE: &str = "Candor sees and stops only what goes through it. Three ways to begin:";
    pub(crate) const FIRST_STEPS: [(&str, &str); 3] = [
        (
            "A browser on this machine",
            "In a terminal: candor open chromium (or firefox). It has a profile of its own, and its windows go through Candor.",
        ),
        (
            "A phone, or another device",
            "Its proxy setting leads here, and it trusts Candor’s certificate: “Connect a device” shows how.",
        ),
        (
            "A program you use already",
            "Set its proxy to the address under “Connect a device”, and let it trust the certificate: candor ca install.",
        ),
    ];

    pub(crate) fn heading_guard(stopped: u64) -> String {
        match stopped {
            0 => "No report had to be stopped today.".into(),
            n => format!("{} stopped today.", super::were(n, "report")),
        }
    }

    pub(crate) fn heading_capture(carried: u64) -> String {
        match carried {
            0 => "Nothing of yours was seen leaving today.".into(),
            n => format!("{} something about you today.", super::did(n, "request")),
        }
    }
}

fn were(n: u64, what: &str) -> String {
    format!("{} {}", count(n, what), if n == 1 { "was" } else { "were" })
}

fn did(n: u64, what: &str) -> String {
    format!("{} told somebody", count(n, what))
}

/// The labels on the card of a device.
pub(crate) mod device {
    pub(crate) const HERE: &str = "This machine";
    pub(crate) const MAKER: &str = "Made by";
    pub(crate) const LAST: &str = "Last seen";
    pub(crate) const MODE: &str = "Mode";
    pub(crate) const STOPPED: &str = "Stopped";
    pub(crate) const WENT_ON: &str = "Went on";
    pub(crate) const UNREAD: &str = "Not readable";
    pub(crate) const NOT_SAID: &str = "not said";
    pub(crate) const OWN_SWITCHES: &str = "Its own switches";
    pub(crate) const NO_OWN_SWITCHES: &str = "Switches of its own";
    pub(crate) const DESCRIBE: &str = "Name and maker";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const MAKER_FIELD: &str = "Maker";
    pub(crate) const MAKER_NOTE: &str = "Whatever goes to its maker then counts as a report.";
    pub(crate) const SAVE: &str = "Save";
}

/// One event.
pub(crate) mod event {
    pub(crate) const FROM: &str = "From";
    pub(crate) const TO: &str = "To";
    pub(crate) const REQUEST: &str = "Request";
    pub(crate) const DECIDE: &str = "Decide";
    pub(crate) const ALLOW: &str = "Allow this destination";
    pub(crate) const STOP: &str = "Stop this destination";
    pub(crate) const AS_OTHERS: &str = "Treat this destination as others";
    pub(crate) const ENTERED: &str = "a value that you entered; it is not shown again";
    pub(crate) const DISGUISED: &str = "not readable, but recognised as";
    pub(crate) const TO_THE_SWITCH: &str = "To the switch";
    pub(crate) const ALONE: &str = "This event on a page of its own";
    pub(crate) const NOTHING_FOUND: &str = "Nothing in it was recognised.";
    pub(crate) const UNREAD: &str = "could not be read";
    pub(crate) const NOT_RECOGNISED: &str = "nothing recognised";
    pub(crate) const OWNER_UNKNOWN: &str = "owner not on record";
}

/// The outcome of an event, in one or two words.
pub(crate) fn fate(verdict: GuardAction, reason: &DecisionReason) -> &'static str {
    match (verdict, reason) {
        (_, DecisionReason::NoHandshake) => "Not readable",
        (GuardAction::Absorb, _) => "Stopped",
        (GuardAction::Cut | GuardAction::Hold, _) => "Cut off",
        (GuardAction::Pass, DecisionReason::Unread) => "Not readable",
        (GuardAction::Pass, DecisionReason::On | DecisionReason::AllowedDestination) => "Allowed",
        (GuardAction::Pass, _) => "Went on",
    }
}

/// The reason for the outcome, as a sentence.
pub(crate) fn because(reason: &DecisionReason, verdict: GuardAction, guards: bool) -> String {
    let off = if verdict == GuardAction::Pass { "" } else { ", and that is off" };
    match reason {
        DecisionReason::Page => "A page asked for it, and it goes to the site visited.".into(),
        DecisionReason::Nothing => "Nothing that was looked for is in it.".into(),
        DecisionReason::Incomplete => "It never came to its end.".into(),
        DecisionReason::Unlisted => "The browser had not said yet whether a page asked for it.".into(),
        DecisionReason::On => "You turned this on.".into(),
        DecisionReason::AllowedDestination => "You allowed this destination.".into(),
        DecisionReason::StoppedDestination => "You stopped this destination.".into(),
        DecisionReason::Report(ReportReason::Maker(maker)) => {
            format!("It reports to {maker}, who made the device or the program{off}.")
        }
        DecisionReason::Report(ReportReason::Telemetry) => {
            format!("It goes to a host that is known to collect what people do{off}.")
        }
        DecisionReason::Report(ReportReason::Advertising) => {
            format!("It goes to a host that is known to serve advertising{off}.")
        }
        DecisionReason::Report(ReportReason::Schema(schema)) => {
            format!("It is packed as {schema} packs its reports{off}.")
        }
        DecisionReason::Report(ReportReason::Strict) => {
            "You chose to be strict: whatever carries something of yours counts as a report.".into()
        }
        DecisionReason::Asked if guards => {
            "It carries something of yours to somebody else than the site visited, and a page may have \
                                    asked for it: it is shown, and you decide."
                .into()
        }
        DecisionReason::Asked => "It carries something of yours to somebody else than the site visited.".into(),
        DecisionReason::AskedByNoPage => "It carries something of yours, and no page asked for it.".into(),
        DecisionReason::Security => format!("It goes to a service that warns of dangerous sites{off}."),
        DecisionReason::Updates => format!("It goes to a service that updates programs{off}."),
        DecisionReason::Suggestions => format!("It asks for suggestions for what is typed{off}."),
        DecisionReason::Started => {
            "It carries something of yours to a service for signing in, keeping browsers the same or translating; \
             Candor does not stop these by itself."
                .into()
        }
        DecisionReason::Unread if guards && verdict == GuardAction::Pass => {
            "It could not be read. It went on because your choice for unread traffic lets it, because everything is \
             on, or because it goes where a page does or to a service whose own switch is on."
                .into()
        }
        DecisionReason::Unread if guards => "It could not be read; your choice for unread traffic decided.".into(),
        DecisionReason::Unread => "It could not be read.".into(),
        DecisionReason::OtherName => {
            "It went to this host, and says that it is for another one. Servers that answer for many names may go by \
             that; it was decided on as a request to each of the two."
                .into()
        }
        DecisionReason::NoHandshake => {
            "The connection ended before anything was said on it: the program did not accept Candor’s certificate, or \
             speaks a language that Candor does not know."
                .into()
        }
    }
}

pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Normal => "normal",
        Mode::Private => "private",
        Mode::Unknown => "mode unknown",
    }
}

pub(crate) fn purpose(purpose: Purpose) -> &'static str {
    purpose.word()
}

/// The switches that most users need.
pub(crate) mod sets {
    /// The label of a set, its description, and what stops working while it is
    /// off.
    pub(crate) type Set = (&'static str, &'static str, &'static str);

    pub(crate) const TABLE: &str = "What may leave";
    pub(crate) const WHAT: &str = "What";
    pub(crate) const BOTH: &str = "All windows";
    pub(crate) const SOME: &str = "Some";
    pub(crate) const WITHOUT: &str = "While it is off:";
    pub(crate) const EACH: &str = "More: each kind of data by itself";

    pub(crate) const SUGGESTIONS: Set = (
        "Suggestions",
        "What you type into the address bar goes to a search engine, letter by letter.",
        "the address bar suggests only what you visited before.",
    );
    pub(crate) const STATISTICS: Set = (
        "Statistics and identifiers",
        "What is counted of you and your device, and the numbers that mark it.",
        "nothing that you see. Some accounts and messages to a phone may need them.",
    );
    pub(crate) const UPDATES: Set = (
        "Updates",
        "Programs ask whether there is a newer version of them and their parts. What is recognised in it is shown.",
        "programs stay as they are, with their security holes.",
    );
    pub(crate) const SAFETY: Set = (
        "Safety",
        "Browsers ask services about dangerous sites and files, some of them with addresses that you visit. What is recognised in it is shown.",
        "a page that steals passwords may open without a warning.",
    );
    pub(crate) const VISITED: Set = (
        "What I visit",
        "Addresses, titles and texts of pages, told to somebody else than the page’s own site.",
        "nothing that you see.",
    );
    pub(crate) const ENTERED: Set = (
        "What I enter",
        "Searches, names, e-mail addresses and what else is yours, told to somebody else than the page you typed it on.",
        "what programs of their own fill in or check on a server for you.",
    );
}

pub(crate) mod settings {
    pub(crate) const TITLE: &str = "What may leave";
    pub(crate) const LEDE: &str = "What is about you is off until you turn it on. Updates and warnings of dangerous sites are on until you turn them off. A switch counts from the next request on, also on connections that are open.";
    pub(crate) const PAGES_LIMIT: &str = "What a page loads from its own site, and from hosts that it names, is not touched, except suggestions and questions about forms that nothing marks as a page’s. In a browser opened by candor open, Candor’s \
         extension says what is a page. Elsewhere the browser’s own words in a request do, and a browser could forge them; “Strict” does not take \
         them from hosts of its maker or of those who collect.";
    pub(crate) const SERVICES_LIMIT: &str = "Services for signing in, keeping browsers the same or translating are shown when they are told something of yours; Candor does \
         not stop these by itself. One that you do not want is stopped below, under “Destinations”.";
    pub(crate) const FOR: &str = "Switches of";
    pub(crate) const ALL: &str = "All devices";
    pub(crate) const OWN_NOTE: &str = "Where nothing is said here, the switches of all devices count; a switch that was turned here counts for this device alone.";
    pub(crate) const PROGRAMS: &str =
        "Programs that have switches of their own in the file of choices, which say more than those here:";
    pub(crate) const KIND: &str = "Kind of data";
    pub(crate) const NORMAL: &str = "Normal windows";
    pub(crate) const PRIVATE: &str = "Private windows";
    pub(crate) const ON: &str = "On";
    pub(crate) const OFF: &str = "Off";
    pub(crate) const HOUR: &str = "For one hour";
    pub(crate) const AS_ALL: &str = "as all devices";
    pub(crate) const TABLE: &str = "Kinds of data and whether they may leave";
    pub(crate) const UNKNOWN_MODE: &str = "Where Candor cannot tell the mode, both must be on.";

    pub(crate) fn until(clock: &str) -> String {
        format!("until {clock}")
    }

    /// The name of a switch for screen readers, which do not show its column.
    pub(crate) fn named(label: &str, window: &str) -> String {
        format!("{label}, {window}")
    }

    pub(crate) fn hour_named(label: &str, window: &str) -> String {
        format!("Allow {label} for one hour, {window}")
    }

    /// Groups of kinds, in the order of the page.
    pub(crate) const GROUPS: [(&str, &[&str]); 3] = [
        (
            "What you do",
            &[
                "visited-url",
                "visited-url-part",
                "visited-host",
                "search",
                "typed-text",
                "page-title",
                "page-text",
                "click-label",
                "screen-name",
                "folder",
                "file-path",
                "app-list",
                "component-list",
            ],
        ),
        ("Who you are", &["person-name", "email", "phone", "location", "bank-account", "user-id", "secret"]),
        ("What marks your device", &["device-id", "advertising-id", "persistent-id", "session-id", "ip-address"]),
    ];
    pub(crate) const OTHERS: &str = "Others";

    pub(crate) const TROUBLE: &str = "The file of choices cannot be read";
    pub(crate) const TROUBLE_NOTE: &str =
        "The choices before it stay in force. Correct the file, or delete it; until then no switch here can be turned.";

    pub(crate) const UNREAD: &str = "Traffic that cannot be read";
    pub(crate) const UNREAD_NOTE: &str =
        "Some programs lock even you out: they accept no certificate but their maker’s. Nobody can say what is in it.";

    pub(crate) const STRICT: &str = "Strict";
    pub(crate) const STRICT_NOTE: &str = "Also stops what pages tell trackers about you, and what goes to hosts that nobody knows. Some pages may not work.";

    pub(crate) const DESTINATIONS: &str = "Destinations";
    pub(crate) const DESTINATIONS_NOTE: &str =
        "What is said here about a host counts before every switch. A star stands for all names below: *.example.com.";
    pub(crate) const NO_DESTINATIONS: &str = "Nothing is said about any.";
    pub(crate) const HOST: &str = "Host";
    pub(crate) const RULE: &str = "What becomes of it";
    pub(crate) const REMOVE: &str = "Remove";
    pub(crate) const ADD: &str = "Add";
    pub(crate) const ALLOW: &str = "Allow all of it";
    pub(crate) const STOP: &str = "Stop all of it";
    pub(crate) const CUT: &str = "Cut its connections";

    pub(crate) const VALUES: &str = "Look for what is yours";
    pub(crate) const VALUES_NOTE: &str = "A phone number, an address, a name: whatever carries it counts as a report, in every wrapping. It is kept in one file that \
         only you can read, and never shown again, here or anywhere.";
    pub(crate) const NO_VALUES: &str = "Nothing was entered.";
    pub(crate) const VALUE: &str = "Value";
    pub(crate) const VALUE_NOTE: &str = "At least eight characters: anything shorter would be found everywhere.";
    pub(crate) const FORGET: &str = "Forget all of them";
}

pub(crate) fn unread_choice(choice: UnreadChoice) -> &'static str {
    match choice {
        UnreadChoice::Pass => "Let it through, and count it",
        UnreadChoice::Absorb => "Stop it",
        UnreadChoice::Refuse => "Refuse the connection",
    }
}

pub(crate) mod install {
    pub(crate) const TITLE: &str = "Connect a device";
    pub(crate) const LEDE: &str = "A device goes through Candor when it trusts Candor’s certificate and uses Candor as its proxy. Two steps, and two to undo them.";
    pub(crate) const CERTIFICATE: &str = "1. Trust the certificate";
    pub(crate) const NO_CERTIFICATE: &str = "This run has no certificate to give out.";
    pub(crate) const DOWNLOAD: &str = "Download candor.crt";
    pub(crate) const FINGERPRINT: &str = "SHA-256 fingerprint";
    pub(crate) const FINGERPRINT_NOTE: &str = "When the device shows a fingerprint while it installs the certificate, it must be this one. The certificate was made on \
         this machine; whoever holds its key could read what the device sends, so the key never leaves this machine.";
    pub(crate) const PROXY: &str = "2. Use the proxy";
    pub(crate) const NO_PROXY: &str = "This run has no proxy that devices could use.";
    pub(crate) const ONLY_HERE: &str = "This proxy can only be reached from this machine. To let a phone in, start Candor with an address of this machine in your \
         network.";
    pub(crate) const DEVICES: &str = "Phones and other devices";
    pub(crate) const HOST: &str = "Host";
    pub(crate) const PORT: &str = "Port";
    pub(crate) const FOR: &str = "For";
    pub(crate) const QR_PROXY: &str = "The proxy’s address, to be read by a phone’s camera";
    pub(crate) const QR_GUIDE: &str = "The guide’s address, to be read by a phone’s camera";
    pub(crate) const GUIDE: &str = "On a phone";
    pub(crate) const GUIDE_NOTE: &str = "Set the proxy in the settings of the Wi-Fi network first, then open this address on the phone. It leads through the rest.";
    pub(crate) const HOW: &str = "Where that is";
    pub(crate) const WAYS: [(&str, &str); 6] = [
        (
            "Android",
            "Settings ▸ Network ▸ Wi-Fi ▸ your network ▸ Proxy: manual. Certificate: Settings ▸ Security ▸ Encryption and credentials ▸ \
             Install a certificate ▸ CA certificate.",
        ),
        (
            "Firefox on Android, besides",
            "Settings ▸ About Firefox ▸ tap its sign five times. Back ▸ Secret Settings ▸ Use third party CA certificates.",
        ),
        (
            "iPhone, iPad",
            "Settings ▸ Wi-Fi ▸ (i) beside your network ▸ Configure proxy: manual. Certificate: open the download, Settings ▸ Profile \
             downloaded ▸ Install; then General ▸ About ▸ Certificate trust settings ▸ turn Candor on.",
        ),
        (
            "Firefox",
            "Settings ▸ Network settings ▸ Manual proxy. Certificate: Settings ▸ Certificates ▸ Authorities ▸ Import.",
        ),
        ("Chromium", "candor open chromium starts it on the guard. Certificate: candor ca install."),
        ("Other programs here", "Set the environment variables HTTPS_PROXY and HTTP_PROXY to the proxy’s address."),
    ];
    pub(crate) const UNDO: &str = "To undo it";
    pub(crate) const UNDO_NOTE: &str = "Set the proxy to “none” and remove the certificate “Candor” in the same two places; on this machine, candor ca remove.";
}

pub(crate) mod pictures {
    use gate::EventCounts;
    use report::ui::count;

    pub(crate) const HOUR: &str = "Hour";
    pub(crate) const WHAT: &str = "What";
    pub(crate) const TO_WHOM: &str = "To whom";
    pub(crate) const REQUESTS: &str = "Requests";
    pub(crate) const HELD: &str = "stopped";
    pub(crate) const WENT_ON: &str = "went on";

    pub(crate) fn look(look: &str) -> &'static str {
        match look {
            "stopped" => "stopped",
            "unread" => "not readable",
            _ => "carried something of yours and went on",
        }
    }

    /// The meaning of one part of a column.
    pub(crate) fn part(name: &str, n: u64) -> String {
        format!("{}, {}", count(n, "request"), look(name))
    }

    pub(crate) fn hours(counts: &EventCounts, guards: bool) -> String {
        let rest =
            format!("{} carried something of yours and went on, {} could not be read", counts.passed, counts.unread);
        if guards {
            format!("Requests by the hour: {} stopped, {rest}", counts.stopped)
        } else {
            format!("Requests by the hour: {rest}")
        }
    }
}

/// The guide for phones.
pub(crate) mod guide {
    pub(crate) const WELCOME: &str = "Your phone is connected";
    pub(crate) const PROXY_DONE: &str = "It goes through Candor: this page is the proof.";
    pub(crate) const PAIRED_DONE: &str = "The computer let it in.";
    pub(crate) const CERTIFICATE_NEXT: &str =
        "Next: it must trust Candor’s certificate, so that Candor can see what is sent.";
    pub(crate) const GO_ON: &str = "Go on";
    pub(crate) const CERTIFICATE: &str = "Install the certificate";
    pub(crate) const CERTIFICATE_SAYS: &str = "It was made on your own computer and works for this phone and that computer only. You can remove it at any time.";
    pub(crate) const DOWNLOAD: &str = "Download the certificate";
    pub(crate) const FINGERPRINT: &str = "Compare before you trust it";
    pub(crate) const FINGERPRINT_NOTE: &str = "The same letters stand on the computer’s screen, under “Connect a device”, and in the terminal. If they differ, stop here.";
    pub(crate) const INSTALL: &str = "Then install it";
    pub(crate) const SYSTEMS: [(&str, &str); 3] = [
        (
            "Android",
            "Settings ▸ Security ▸ Encryption and credentials ▸ Install a certificate ▸ CA certificate ▸ Install anyway ▸ candor.crt",
        ),
        (
            "Firefox on Android, besides",
            "Settings ▸ About Firefox ▸ tap its sign five times. Back ▸ Secret Settings ▸ Use third party CA certificates.",
        ),
        (
            "iPhone, iPad",
            "Settings ▸ Profile downloaded ▸ Install. Then Settings ▸ General ▸ About ▸ Certificate trust settings ▸ turn Candor on.",
        ),
    ];
    pub(crate) const CHECK: &str = "I have installed it: check";
    pub(crate) const CHECK_NOTE: &str =
        "If a warning comes instead of the next page, it is not trusted yet. Come back to";
    pub(crate) const TRUSTED: &str = "This phone trusts the certificate.";
    pub(crate) const NOT_TRUSTED: &str = "Not trusted yet";
    pub(crate) const NOT_TRUSTED_SAYS: &str =
        "This page came without encryption, so it says nothing about the certificate.";
    pub(crate) const BACK: &str = "Back";
    pub(crate) const PRIVATE: &str = "In a private tab";
    pub(crate) const OPEN: &str = "Open this page";
    pub(crate) const COPY: &str = "Copy this address into the private tab, or type it.";
    pub(crate) const EXACTLY: &str = "Exactly like this.";
    pub(crate) const DONE: &str = "Done";
    pub(crate) const READY: &str = "This phone is ready";
    pub(crate) const READY_SAYS: &str = "Use it as always. What it reports is shown on the computer.";
    pub(crate) const OVER: &str = "All done, thank you";
    pub(crate) const OVER_SAYS: &str = "The computer makes the report now. You can put the phone away.";
    pub(crate) const UNDO: &str = "To undo it: set the Wi-Fi network’s proxy to “none”, and remove the certificate “Candor” where you installed it.";
    pub(crate) const LOST: &str = "There is no such page here";
    pub(crate) const PROGRESS: &str = "How far it is";

    pub(crate) fn step(at: usize, of: usize) -> String {
        format!("Step {at} of {of}")
    }
}
