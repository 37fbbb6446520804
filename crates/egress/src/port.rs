//! Ports that belong to other protocols, and are refused unless the operator allows them.
//!
//! Two lists. [`BAD_PORTS`] is that of browsers: the "bad ports" of the WHATWG Fetch standard, section 2.9.
//! Their servers (SMTP, IRC, SIP …) can be tricked into acting on lines of an HTTP request. [`CONTROL_PORTS`]
//! are those of databases, of cluster control and of remote access. Nobody receives webhooks on them, and a
//! POST to some of them does harm without a password (Docker, etcd, Redis, Elasticsearch, kubelet). Ports
//! that web servers use too (3000, 8080 and their like, with Consul's 8500, Vault's 8200 and Prometheus'
//! 9090) are not listed.

/// In ascending order.
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// The ports, in ascending order, and what listens there.
const CONTROL_PORTS: &[(u16, &str)] = &[
    (445, "SMB"),
    (1433, "SQL Server"),
    (1434, "SQL Server"),
    (1521, "Oracle Database"),
    (2181, "ZooKeeper"),
    (2375, "Docker"),
    (2376, "Docker with TLS"),
    (2377, "Docker Swarm"),
    (2379, "etcd clients"),
    (2380, "etcd peers"),
    (3306, "MySQL"),
    (3389, "Remote Desktop"),
    (4369, "Erlang port mapper"),
    (5432, "PostgreSQL"),
    (5433, "PostgreSQL, a second server"),
    (5439, "Redshift"),
    (5672, "AMQP"),
    (5900, "VNC"),
    (5984, "CouchDB"),
    (5985, "Windows Remote Management"),
    (5986, "Windows Remote Management with TLS"),
    (6379, "Redis"),
    (6443, "Kubernetes API"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch nodes"),
    (10250, "kubelet"),
    (10255, "kubelet, read only"),
    (10256, "kube-proxy"),
    (10257, "Kubernetes controller manager"),
    (10259, "Kubernetes scheduler"),
    (11211, "memcached"),
    (26257, "CockroachDB"),
    (27017, "MongoDB"),
    (27018, "MongoDB shards"),
    (27019, "MongoDB configuration servers"),
];

/// Whether requests may go to the port unless the operator decides otherwise.
pub fn is_permitted(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_err() && CONTROL_PORTS.binary_search_by_key(&port, |it| it.0).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_order_for_the_binary_search() {
        assert!(BAD_PORTS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(CONTROL_PORTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(BAD_PORTS.len(), 83);
    }

    #[test]
    fn ports_of_other_protocols_are_refused() {
        for port in [0, 21, 22, 25, 110, 143, 587, 6667, 10080] {
            assert!(!is_permitted(port), "{port}");
        }
        for port in [
            2375, 2376, 2379, 2380, 3306, 5432, 6379, 6443, 9200, 9300, 10250, 10255, 11211, 27017,
        ] {
            assert!(!is_permitted(port), "{port}");
        }
        for port in [
            80, 443, 3000, 4000, 5000, 8000, 8080, 8200, 8443, 8500, 9000, 9090, 65535,
        ] {
            assert!(is_permitted(port), "{port}");
        }
    }
}
