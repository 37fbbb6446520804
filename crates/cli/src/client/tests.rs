use super::*;

fn client(url: Option<&str>, key: &str) -> Result<Client, String> {
    let url = url.map(|url| ("POSTRIDER_URL".to_owned(), url.to_owned()));
    let key = ("POSTRIDER_API_KEY".to_owned(), key.to_owned());
    let environment = url.into_iter().chain([key]).collect();
    Client::new(&ClientArgs::default(), &environment).map_err(|failure| failure.to_string())
}

#[test]
fn an_address_without_a_scheme_gets_a_suggestion() {
    for (address, message) in [
        ("127.0.0.1:8080", "expected a URL such as `http://127.0.0.1:8080`"),
        ("localhost:8080", "expected a URL such as `http://localhost:8080`"),
        ("ftp://db", "expected a URL that starts with http:// or https://"),
        ("http://", "not a URL: empty host"),
        (
            "http://user:word@db",
            "expected no user and password: set the API key in POSTRIDER_API_KEY",
        ),
    ] {
        let error = client(Some(address), "k").unwrap_err();
        assert_eq!(error, format!("POSTRIDER_URL: {message}"));
    }
    assert!(client(Some(" http://127.0.0.1:8080/ "), "k").is_ok());
}

#[test]
fn white_space_around_the_key_is_ignored_and_a_line_break_inside_is_refused() {
    let read = client(None, "prk_1\r\n").unwrap();
    assert_eq!(read.authorization, "Bearer prk_1");
    assert!(client(None, "prk_1\nprk_2").unwrap_err().contains("line break"));
}
