//! One client process: for each line of its input, the token endpoint and a refresh token, it refreshes and prints the
//! next refresh token, or the error.

use std::io::BufRead as _;

use oauth2::basic::BasicClient;
use oauth2::{ClientId, ClientSecret, RefreshToken, TokenResponse as _, TokenUrl};
use tokenmint_oauth_clients::{error, send};

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (endpoint, token) = line.split_once(' ').unwrap();
        let client = BasicClient::new(ClientId::new("app".to_owned()))
            .set_client_secret(ClientSecret::new("a-secret-of-the-tests".to_owned()))
            .set_token_uri(TokenUrl::new(endpoint.to_owned()).unwrap());
        match client.exchange_refresh_token(&RefreshToken::new(token.to_owned())).request(&send) {
            Ok(pair) => println!("next {}", pair.refresh_token().unwrap().secret()),
            Err(failure) => println!("failed {}", error(&failure)),
        }
    }
}
