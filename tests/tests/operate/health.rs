//! `postrider health`.

use postrider_tests::{Postgres, Server, command};

#[tokio::test]
async fn health_tells_a_ready_server_from_one_that_is_not_and_from_none() {
    let mut postgres = Postgres::start();
    let mut server = Server::stopped_on_database(postgres.url("postgres"));
    server.start_again();
    let address = server.address().to_string();
    let ready = command::run(&["health", "--listen", &address]);
    assert!(ready.success().contains("ready"), "{ready:?}");
    postgres.stop();
    let away = command::run(&["health", "--listen", &address, "--timeout", "20s"]);
    assert!(away.code == 1 && away.err.contains("503"), "{away:?}");
    let live = command::run(&["health", "--live", "--url", &server.api().url()]);
    live.success();
    server.kill();
    let gone = command::run(&["health", "--listen", &address]);
    assert!(gone.code == 3 && gone.err.contains(&address), "{gone:?}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_unhealthy_within_the_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let silent = command::run(&["health", "--url", &url, "--timeout", "50ms"]);
    assert!(
        silent.code == 3 && silent.err.contains("within 50 ms"),
        "{silent:?}"
    );
    let any = command::run(&["health", "--listen", "127.0.0.1:0"]);
    assert!(any.code == 2 && any.err.contains("--url"), "{any:?}");
}
