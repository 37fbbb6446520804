//! The certificate that a server presents.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::{Postgres, other_user};

impl Postgres {
    /// Restarts the server, which from now on presents this certificate to those who want TLS.
    pub fn use_certificate(&mut self, certificate_pem: &str, key_pem: &str) {
        self.put("server.crt", certificate_pem, 0o644);
        self.put("server.key", key_pem, 0o600);
        self.sql("ALTER SYSTEM SET ssl = on");
        self.stop();
        self.start_again();
    }

    /// Writes a file in the data folder.
    pub(super) fn put(&self, file: &str, text: &str, mode: u32) {
        let path = self.data_dir().join(file);
        std::fs::write(&path, text).expect("the database's folder can be written to");
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("modes can be set");
        if let Some((uid, gid)) = other_user() {
            chown(&path, Some(uid), Some(gid)).expect("root may give its files away");
        }
    }
}
