"""Products: made by administrators, seen by all."""

from __future__ import annotations

from typing import Any

from support.cases import for_each
from support.control_plane_host import PRODUCT, Client, Host


def _make(admin: Client, **fields: Any) -> dict[str, Any]:
    product = {**PRODUCT, **fields}
    return dict(admin.ok("admin_create_product", {"product": product})["product"])


def test_a_product_is_as_it_was_made(host: Host, admin: Client, user: Client) -> None:
    made = _make(admin, productId="prod_mine", createdAt="2020-01-01T00:00:00Z")
    assert made == {
        **PRODUCT,
        "productId": made["productId"],
        "createdAt": "2026-05-20T08:00:00Z",
        "updatedAt": "2026-05-20T08:00:00Z",
    }
    assert made["productId"] != "prod_mine"
    assert user.ok("list_products")["products"] == [made]


def test_an_update_replaces_everything(host: Host, admin: Client) -> None:
    path = {"productId": _make(admin)["productId"]}
    host.clock.advance(60)
    body = {"product": {"name": "Support"}}
    updated = admin.ok("admin_update_product", body, path=path)["product"]
    assert updated["price"] == {"currencyCode": "USD", "units": "0", "nanos": 0}
    assert updated["gpuCount"] == 0
    assert updated["description"] == ""
    assert updated["isActive"] is False
    assert updated["createdAt"] == "2026-05-20T08:00:00Z"
    assert updated["updatedAt"] == "2026-05-20T08:01:00Z"


def test_lists_leave_out_what_is_not_asked_for(admin: Client, user: Client) -> None:
    _make(admin, name="gpu")
    _make(admin, name="old", isActive=False)
    _make(admin, name="disk", type="PRODUCT_TYPE_EXTERNAL_STORAGE")

    def names(**query: str) -> list[str]:
        return [each["name"] for each in user.ok("list_products", query=query)["products"]]

    assert names() == ["gpu", "disk"]
    assert names(activeOnly="false") == ["gpu", "old", "disk"]
    assert names(type="PRODUCT_TYPE_RESERVED_GPU", activeOnly="false") == ["gpu", "old"]
    assert names(type="PRODUCT_TYPE_UNSPECIFIED") == ["gpu", "disk"]
    page = admin.ok("admin_list_products", query={"size": "2", "page": "2"})
    assert [each["name"] for each in page["products"]] == ["disk"]
    assert page["total"] == 3


def test_a_deleted_product_is_gone(admin: Client, user: Client) -> None:
    path = {"productId": _make(admin)["productId"]}
    assert admin.ok("admin_delete_product", path=path) == {"empty": {}}
    assert user.ok("list_products")["products"] == []
    assert admin.ok("admin_list_products")["total"] == 0
    assert admin.refused(404, "admin_delete_product", path=path)["code"] == 5
    admin.refused(404, "admin_update_product", {"product": PRODUCT}, path=path)


@for_each(
    ("product", "wrong"),
    [
        (None, "product"),
        ({}, "product"),
        ({"name": ""}, "product.name"),
        ({"gpuCount": -1}, "product.gpuCount"),
        ({"type": "PRODUCT_TYPE_HAT"}, "product.type"),
        ({"price": {"currencyCode": "EUR"}}, "product.price.currencyCode"),
        ({"price": {"currencyCode": "USD", "units": "-1"}}, "product.price"),
        ({"price": {"currencyCode": "USD", "units": "1", "nanos": -1}}, "product.price.nanos"),
        ({"price": {"currencyCode": "USD", "units": "9" * 19}}, "product.price.units"),
        ({"price": {"currencyCode": "USD", "units": "1.5"}}, "product.price.units"),
        ({"price": {"units": "1"}}, "product.price.currencyCode"),
    ],
)
def test_wrong_fields_are_named(admin: Client, product: dict[str, Any] | None, wrong: str) -> None:
    body = {"product": {**PRODUCT, **product} if product else product}
    assert admin.wrong_fields("admin_create_product", body) == [wrong]
    path = {"productId": _make(admin)["productId"]}
    assert admin.wrong_fields("admin_update_product", body, path=path) == [wrong]


def test_only_administrators_change_products(admin: Client, user: Client) -> None:
    path = {"productId": _make(admin)["productId"]}
    body = {"product": PRODUCT}
    user.refused(403, "admin_create_product", body)
    user.refused(403, "admin_update_product", body, path=path)
    user.refused(403, "admin_delete_product", path=path)
    user.refused(403, "admin_list_products")
    admin.refused(403, "admin_create_product", {**body, "userId": user.id})
    assert admin.ok("admin_list_products")["total"] == 1
