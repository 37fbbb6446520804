from postrider_client import Postrider, PostriderError

postrider = Postrider()
try:
    postrider.accounts.create({"uid": "not an id", "name": "Acme"})
except PostriderError as error:
    print(error.code, error.status, error.errors[0]["pointer"], error.request_id)  # invalid_body 422 /uid …
