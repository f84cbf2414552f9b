// One event, as the SDK of the case builds it.
//
// Documented: the members of an event and of `lib` (sa-sdk-android); the
// properties that Mint 3.4.0 puts on each: `uuid`, `internet_status`,
// `platform`, `miui_version`, `miui_region`, `system_language`; the preset
// properties of the device.
// Our reconstruction: their values, which describe a phone that does not exist.

import { edition } from "./edition.js";
import { anonymousId, deviceId } from "./identity.js";

const LIB = {
  $lib: "Android",
  $lib_version: "3.2.10",
  $app_version: "3.4.0",
  $lib_method: "code",
  $lib_detail: "com.miui.analytics##track##Reporter.java##1",
};

const DEVICE = {
  $os: "Android",
  $os_version: "9",
  $manufacturer: "Xiaomi",
  $brand: "xiaomi",
  $model: "Redmi Note 8",
  $screen_width: 1080,
  $screen_height: 2340,
  $app_version: "3.4.0",
  $lib: "Android",
  $lib_version: "3.2.10",
  $network_type: "WIFI",
  $wifi: true,
  $timezone_offset: 0,
};

export async function build(event, properties) {
  const anonymous = edition.identifier === "none";
  const id = anonymous ? null : await anonymousId();
  const presets = anonymous ? {} : { ...DEVICE, $device_id: deviceId() };
  const built = {
    type: "track",
    event,
    time: Date.now(),
    _track_id: crypto.getRandomValues(new Int32Array(1))[0],
    lib: LIB,
    properties: {
      ...presets,
      internet_status: navigator.onLine ? 1 : 0,
      platform: "AndroidApp",
      miui_version: "V11.0.3.0",
      miui_region: edition.region ?? "GB",
      system_language: "en",
      ...properties,
    },
  };
  if (!anonymous) {
    built.distinct_id = id;
    built.anonymous_id = id;
    built.properties.uuid = id;
  }
  return built;
}
