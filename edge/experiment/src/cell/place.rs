//! The files a subject finds in a cell.
//!
//! Home, `/tmp`, `/run` and shared memory are memory file systems in the cell's
//! mount namespace: they vanish with it, however Candor ends. The empty `/run`
//! hides the host's sockets of resolvers and message buses: through them a name or
//! a message could leave without the cell's network. `/etc` is a copy, so that the
//! machine's identity and trust can be changed in it.

use std::path::{Path, PathBuf};

use super::device::CellDevice;

/// Home of the subject: the same in every cell, so that no path distinguishes two trials.
pub(super) const HOME: &str = "/home/person";

/// Shell commands, run once as root inside the new mount namespace.
pub(super) fn script(device: &CellDevice, keep: &[PathBuf], uid: u32, gid: u32) -> String {
    let CellDevice { hostname, machine_id, .. } = device;
    let staged: Vec<(usize, String)> = keep.iter().map(|path| quoted(path)).enumerate().collect();
    let mut script = String::from(
        "mount --make-rprivate /
mount -t tmpfs -o mode=755,size=256m tmpfs /mnt
mkdir /mnt/etc /mnt/keep
cp -a /etc/. /mnt/etc/
",
    );
    for (index, path) in &staged {
        script += &format!("mkdir /mnt/keep/{index}; mount --bind {path} /mnt/keep/{index}\n");
    }
    script += "mount -t tmpfs -o mode=755,size=2g,nosuid,nodev tmpfs /home
mount -t tmpfs -o mode=1777,size=512m,nosuid,nodev tmpfs /tmp
mount -t tmpfs -o mode=755,size=16m,nosuid,nodev tmpfs /run
mount -t tmpfs -o mode=1777,size=4200m,nosuid,nodev tmpfs /dev/shm
";
    for (index, path) in &staged {
        script += &format!("mkdir -p {path}; mount --move /mnt/keep/{index} {path}; mount -o remount,bind,ro {path}\n");
    }
    // The `/sys` mounted by the host would still list the host's network cards.
    script += "mount -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys\n";
    script += &format!(
        "rm -f /mnt/etc/resolv.conf /mnt/etc/machine-id
echo 'nameserver 127.0.0.1' > /mnt/etc/resolv.conf
echo {machine_id} > /mnt/etc/machine-id
echo {hostname} > /mnt/etc/hostname
echo '127.0.0.1 localhost {hostname}' > /mnt/etc/hosts
printf 'passwd: files\\ngroup: files\\nhosts: files dns\\n' > /mnt/etc/nsswitch.conf
mount --bind /mnt/etc /etc
[ ! -f /var/lib/dbus/machine-id ] || [ -L /var/lib/dbus/machine-id ] || mount --bind /etc/machine-id /var/lib/dbus/machine-id
echo {hostname} > /proc/sys/kernel/hostname
mkdir -m 1777 /tmp/.X11-unix
mkdir -m 700 {HOME}
chown {uid}:{gid} {HOME}
"
    );
    script
}

/// Shell commands that add an authority to those that the system trusts. OpenSSL
/// finds it by a hash of its name, which only OpenSSL computes.
pub(super) fn trust(pem: &str) -> String {
    format!(
        "umask 022
cd /etc/ssl/certs
cat > candor.pem <<'END'
{pem}
END
cat candor.pem >> ca-certificates.crt
if command -v openssl >/dev/null
then ln -sf candor.pem $(openssl x509 -hash -noout -in candor.pem).0
fi
"
    )
}

/// A path as one word of a shell command.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
