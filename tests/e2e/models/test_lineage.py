"""Lineage, catalogue and audit on the live stack: from a request to its data set, and back."""

from typing import Any

from tests.e2e.live import Stack, eventually


def test_r23_a_request_leads_to_its_data_set_and_back(stack: Stack) -> None:
    ready = stack.http.get(f"{stack.url('recommender')}/readyz").json()
    live, data_set = ready["model_version"], ready["dataset_id"]
    tags = f'{{"model.version":"{live}"}}'
    trace = eventually("a trace", lambda: stack.traces(service="recommender", tags=tags, limit=1), 30)[0]

    request = ask(stack, f"lineage/traces/{trace['traceID']}")
    assert {"version": live, "data_set": data_set}.items() <= request["answered"][0].items()
    [version] = request["versions"]
    [run] = version["trainings"]
    assert (run["state"], run["version"], run["data"][0]["id"]) == ("COMPLETE", live, data_set)
    assert run["data"][0]["rows"] > 1_000 and run["parameters"]["factors"] == "32"

    def find_serving() -> dict[str, Any] | None:
        versions = {each["version"]: each for each in ask(stack, f"lineage/datasets/{data_set}")["versions"]}
        servings: list[dict[str, Any]] = versions[live]["servings"]
        return next((each for each in servings if each["answers"] > 100 and each["periods"]), None)

    serving = eventually("the version's answers are counted", find_serving, 60)
    assert serving["periods"][-1]["until"] is None


def test_r24_the_recommender_is_in_the_catalogue_with_its_card(stack: Stack) -> None:
    live = stack.http.get(f"{stack.url('recommender')}/readyz").json()["model_version"]
    models = {each["model"]: each for each in ask(stack, "catalogue")["models"]}
    versions = {each["version"]: each for each in models["recommendations"]["versions"]}
    assert versions[live]["watched"]["task"] == "ranking"
    assert versions[live]["training"]["metrics"]["ndcg_at_10"] > 0
    assert len(versions) >= 2, "the candidate was trained, too"


def test_r23_a_roll_out_and_its_end_are_in_the_audit_trail(stack: Stack) -> None:
    stack.run("stack", "rollout", "", "10", "--who", "ada", "--why", "to see it")
    stack.run("stack", "rollback", "--who", "ada")
    told = stack.run("stack", "audit", "--last", "2").stdout
    assert "each as it was written" in told
    assert "ada: rollback" in told and "why: to see it" in told


def ask(stack: Stack, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = stack.http.get(f"{stack.url('incidents')}/api/{path}").raise_for_status().json()
    return answer
