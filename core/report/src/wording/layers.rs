//! What each layer of a trail is, for someone who has never heard of it.

/// A few words on a layer; none for one that has no explanation yet.
pub(crate) fn layer(name: &str) -> Option<&'static str> {
    let says = match name {
        "url" => "the address that was asked for",
        "header" => "a header field of the request",
        "body" => "what the request carries",
        "message" => "a message on an open connection",
        "answer" | "answer header" | "answer body" => "what the server answered",
        "path" => "one piece of the address’s path",
        "query" => "a field after the ? of the address",
        "fragment" => "what stands after the # of the address",
        "cookie" => "a cookie",
        "form" => "a field of a form",
        "multipart" => "one part of an upload",
        "json" | "jsonp" => "a field of a JSON document",
        "markup" => "text in an HTML or XML document",
        "lines" => "one line of several",
        "delimited" => "one piece between separators",
        "part" | "pairs" => "one piece of a longer text",
        "numbers" => "characters written as numbers",
        "percent" => "characters written as %XX",
        "escapes" | "entities" | "quoted-printable" => "characters written as escapes",
        "base64" | "base64url" | "base32" | "base58" | "base85" | "ascii85" => "bytes written as letters",
        "hex" => "bytes written as 0–9 and a–f",
        "gzip" | "zlib" | "deflate" | "brotli" | "zstd" | "lz4" | "snappy" | "snappy-framed" => "compressed",
        "lz-string" | "lz-string-base64" | "lz-string-uri" | "lz-string-utf16" => "compressed, by a script",
        "protobuf" => "a numbered field of a binary message",
        "dns" => "a name that was asked for, or a part of it",
        "grpc" => "one frame of a remote call",
        "msgpack" | "cbor" => "a field of a binary document",
        "jwt" => "a signed token",
        "envelope" => "one item of an envelope",
        "utf-16" | "latin-1" => "text in another alphabet coding",
        "reversed" => "written backwards",
        "xor" => "mixed with a key",
        _ => return None,
    };
    Some(says)
}
