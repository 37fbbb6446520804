//! `postrider connections`: how an account's actions authenticate at receivers.
//!
//! The account `system` stands for the installation, whose connections the actions of all accounts can use.
//!
//! Secrets come from a file or from standard input: other users of the machine can see flags in the process
//! list.

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::{Context, Failure, input};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider connections create customer-42 CRM --type bearer --secret-file token.txt
  postrider connections create customer-42 Bank --type oauth2 --token-url https://id.example.com/token \\
    --client-id acme --secret-file secret.txt
  postrider connections create customer-42 Partner --type client_certificate --certificate client.pem \\
    --secret-file client-key.pem
  postrider connections update customer-42 conn_01h455vb4pex5vsknk084sn02q --secret-file new-token.txt
  postrider connections update customer-42 conn_01h455vb4pex5vsknk084sn02q --certificate renewed.pem \\
    --secret-file renewed-key.pem
  postrider connections create system 'Partner gateway' --type bearer --host gateway.example.com \\
    --secret-file token.txt
  postrider connections list customer-42
  postrider connections delete customer-42 conn_01h455vb4pex5vsknk084sn02q")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the connections that an account's actions can use, newest first
    List {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// Create a connection; in the account `system`, one that all accounts can use
    Create(Box<CreateArgs>),
    /// Change a connection's name, secret, certificate or hosts
    Update(UpdateArgs),
    /// Delete a connection that no action uses
    Delete {
        /// The account's id or uid
        account: String,
        /// The connection's id
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The account's id or uid
    account: String,
    /// The connection's name
    name: String,
    /// How to authenticate
    #[arg(long = "type", value_name = "TYPE", value_parser = ["bearer", "basic", "header", "oauth2", "client_certificate"])]
    connection_type: String,
    /// A file with the secret, or `-` for standard input: the token, the password, the header's value, the
    /// client's secret, or the private key as PEM. One line break at its end does not count
    #[arg(long, value_name = "FILE")]
    secret_file: String,
    /// `basic`: the user
    #[arg(long)]
    user: Option<String>,
    /// `header`: the header's name
    #[arg(long, value_name = "NAME")]
    header_name: Option<String>,
    /// `oauth2`: the URL of the token endpoint
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// `oauth2`: the client's id
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// `oauth2`: the scopes to ask for, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// `oauth2`: the audience to ask for
    #[arg(long)]
    audience: Option<String>,
    /// `oauth2`: where the client's credentials go: in the Authorization header, or in the body
    #[arg(long, value_parser = ["basic", "body"])]
    client_authentication: Option<String>,
    /// `client_certificate`: a file with the certificate and its intermediates as PEM
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,
    /// A host that may receive the credentials: `api.example.com`, or `*.example.com` for all names below it.
    /// Can be repeated; without it, any host may. Connections of the account `system` need one
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct UpdateArgs {
    /// The account's id or uid
    account: String,
    /// The connection's id
    id: String,
    /// A new name
    #[arg(long, required_unless_present_any = ["secret_file", "certificate", "hosts", "any_host"])]
    name: Option<String>,
    /// A file with the new secret, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<String>,
    /// `client_certificate`: a file with the new certificate and its intermediates as PEM. A certificate with
    /// another key needs that key as the secret
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,
    /// A host that may receive the credentials, in place of those that are stored. Can be repeated
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Let any host receive the credentials
    #[arg(long, conflicts_with = "hosts")]
    any_host: bool,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List { account, pages } => {
            let call = Call::new(Method::GET, &["accounts", &account, "connections"]);
            remote.list(&call, pages, table).await
        }
        Command::Create(args) => {
            let body = body(&args)?;
            let call = Call::new(Method::POST, &["accounts", &args.account, "connections"]);
            remote.show(call.json(&body), record).await
        }
        Command::Update(args) => update(&args, &mut remote).await,
        Command::Delete { account, id } => {
            let call = Call::new(Method::DELETE, &["accounts", &account, "connections", &id]);
            remote
                .show(call, |_, _| format!("Deleted connection {id}."))
                .await
        }
    }
}

/// The member that holds the secret of a type.
fn secret_member(connection_type: &str) -> Result<&'static str, Failure> {
    Ok(match connection_type {
        "bearer" => "token",
        "basic" => "password",
        "header" => "header_value",
        "oauth2" => "client_secret",
        "client_certificate" => "private_key",
        other => {
            let error = format!("this version does not know connections of type `{other}`");
            return Err(Failure::Usage(error));
        }
    })
}

fn body(args: &CreateArgs) -> Result<Value, Failure> {
    let mut body = Map::new();
    let mut put = |member: &str, value: &str| {
        body.insert(member.to_owned(), value.into());
    };
    put("name", &args.name);
    put("type", &args.connection_type);
    put(secret_member(&args.connection_type)?, &secret(&args.secret_file)?);
    for (member, value) in [
        ("user", &args.user),
        ("header_name", &args.header_name),
        ("token_url", &args.token_url),
        ("client_id", &args.client_id),
        ("scope", &args.scope),
        ("audience", &args.audience),
        ("client_authentication", &args.client_authentication),
    ] {
        if let Some(value) = value {
            put(member, value);
        }
    }
    if let Some(file) = &args.certificate {
        put("certificate", &text_of(file)?);
    }
    if !args.hosts.is_empty() {
        body.insert("hosts".to_owned(), args.hosts.clone().into());
    }
    Ok(body.into())
}

async fn update(args: &UpdateArgs, remote: &mut Remote) -> Result<(), Failure> {
    let path = ["accounts", &args.account, "connections", &args.id];
    let mut patch = Map::new();
    if let Some(name) = &args.name {
        patch.insert("name".to_owned(), name.clone().into());
    }
    if let Some(file) = &args.secret_file {
        let secret = secret(file)?;
        let current = remote.ask(Call::new(Method::GET, &path)).await?;
        let member = secret_member(&cell(&current["type"]))?;
        patch.insert(member.to_owned(), secret.into());
    }
    if let Some(file) = &args.certificate {
        patch.insert("certificate".to_owned(), text_of(file)?.into());
    }
    if args.any_host || !args.hosts.is_empty() {
        patch.insert("hosts".to_owned(), args.hosts.clone().into());
    }
    let call = Call::new(Method::PATCH, &path);
    remote.show(call.json(&Value::from(patch)), record).await
}

/// The secret in a file, without the line break that editors add.
fn secret(file: &str) -> Result<String, Failure> {
    let mut text = text_of(file)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn text_of(file: &str) -> Result<String, Failure> {
    let bytes = input::read(file)?;
    String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{file}: not valid UTF-8")))
}

fn table(connections: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "NAME", "TYPE", "OWNER", "HOSTS", "UPDATED"]);
    for connection in connections {
        table.row([
            cell(&connection["id"]),
            cell(&connection["name"]),
            cell(&connection["type"]),
            cell(&connection["owner"]),
            hosts(connection),
            time(&connection["updated_at"]),
        ]);
    }
    table.render(
        paint,
        "No connections. To create one: postrider connections create ACCOUNT NAME --type TYPE --secret-file FILE",
    )
}

/// The hosts, separated by commas.
fn hosts(connection: &Value) -> String {
    let hosts = connection["hosts"].as_array();
    let hosts: Vec<_> = hosts.into_iter().flatten().map(cell).collect();
    hosts.join(", ")
}

fn record(connection: &Value, paint: Paint) -> String {
    Record::new()
        .field("Id", cell(&connection["id"]))
        .field("Name", cell(&connection["name"]))
        .field("Type", cell(&connection["type"]))
        .field("User", cell(&connection["user"]))
        .field("Header", cell(&connection["header_name"]))
        .field("Token URL", cell(&connection["token_url"]))
        .field("Client id", cell(&connection["client_id"]))
        .field("Scope", cell(&connection["scope"]))
        .field("Audience", cell(&connection["audience"]))
        .field(
            "Client authentication",
            cell(&connection["client_authentication"]),
        )
        .field("Owner", cell(&connection["owner"]))
        .field("Hosts", hosts(connection))
        .field("Created", time(&connection["created_at"]))
        .field("Updated", time(&connection["updated_at"]))
        .render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_keeps_all_but_the_line_break_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, expected) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            (" a \n\n", " a \n"),
            ("", ""),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(secret(path.to_str().unwrap()).unwrap(), expected, "{content:?}");
        }
    }

    #[test]
    fn the_secret_is_the_member_of_its_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s\n").unwrap();
        let args = CreateArgs {
            account: "a".to_owned(),
            name: "Bank".to_owned(),
            connection_type: "oauth2".to_owned(),
            secret_file: path.to_str().unwrap().to_owned(),
            user: None,
            header_name: None,
            token_url: Some("https://id.example/".to_owned()),
            client_id: Some("me".to_owned()),
            scope: None,
            audience: None,
            client_authentication: None,
            certificate: None,
            hosts: vec!["crm.example".to_owned()],
        };
        let expected = serde_json::json!({
            "name": "Bank", "type": "oauth2", "client_secret": "s", "token_url": "https://id.example/",
            "client_id": "me", "hosts": ["crm.example"],
        });
        assert_eq!(body(&args).unwrap(), expected);
        assert!(secret_member("digest").is_err());
    }
}
