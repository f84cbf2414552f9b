// Which addresses are result pages, and of what search.
//
// Documented (3.4.0): the event `search` with `used_searchengine`,
// `search_position`, `search_method` and `search_word`.
// Our reconstruction: the values of the middle two, and the list of engines.

const ENGINES = [
  { host: /(^|\.)duckduckgo\.com$/, name: "duckduckgo", key: "q" },
  { host: /(^|\.)google\.[a-z.]+$/, name: "google", key: "q" },
  { host: /(^|\.)bing\.com$/, name: "bing", key: "q" },
  { host: /(^|\.)search\.yahoo\.com$/, name: "yahoo", key: "p" },
  { host: /(^|\.)yandex\.[a-z.]+$/, name: "yandex", key: "text" },
  { host: /(^|\.)baidu\.com$/, name: "baidu", key: "wd" },
];

export function searchOf(address) {
  const url = new URL(address);
  const engine = ENGINES.find(({ host }) => host.test(url.hostname));
  const word = engine && url.searchParams.get(engine.key);
  if (!word) return null;
  return { used_searchengine: engine.name, search_position: "address_bar", search_method: "input", search_word: word };
}
