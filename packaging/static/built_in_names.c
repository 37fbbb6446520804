/* Linked into the static binary by packaging/build-binary; docs/decisions/0040-static-binary.md says why.

   glibc looks names up through the services of /etc/nsswitch.conf. "files" and "dns" are part of the binary. Every
   other one (resolve, mdns4_minimal, systemd, ldap) is a shared library, which would bring the machine's own libc into
   a process that already has one: of another version, that fails or crashes. So the binary uses its own two services,
   whatever the file says. */

#include <nss.h>

__attribute__((constructor)) static void use_built_in_names_only(void)
{
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("networks", "files");
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("protocols", "files");
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
}
