"""Calls of PyPI's sphinxapi-py3: a line for each, with the decoded answer.

python api.py PORT INDEX ONE_PORT ONE_INDEX OTHER; ONE_INDEX is asked for what masters refuse,
and OTHER in lists.
"""

import json
import sys

import sphinxapi

INDEX, ONE_INDEX, OTHER = sys.argv[2], sys.argv[4], sys.argv[5]
PORT, ONE_PORT = int(sys.argv[1]), int(sys.argv[3])


def client(port=PORT):
    made = sphinxapi.SphinxClient()
    made.SetServer("127.0.0.1", port)
    # Wide sets are beyond this client: it counts them by a float.
    made.SetSelect("gid, ts, flag, fl, big, mv, str, js")
    return made


def shown(answer):
    if isinstance(answer, dict):
        return {name: shown(value) for name, value in answer.items() if name != "time"}
    if isinstance(answer, list):
        return [shown(each) for each in answer]
    return answer.decode() if isinstance(answer, bytes) else answer


def tell(name, made, answer):
    words = [made.GetLastError(), made.GetLastWarning()]
    print(name, json.dumps([shown(answer), words], sort_keys=True))


def query(name, text="hello", index=INDEX, setting=lambda made: None):
    made = client()
    setting(made)
    tell(name, made, made.Query(text, index))


query("all")
query("nothing", "nowhere")
query("list with commas", index=f" {INDEX} , {OTHER}")
query("list with blanks", index=f"{INDEX}  {OTHER};")
query("unknown of a list", index=f"{INDEX},nope")
query("every local one", index="*")
query("window", setting=lambda made: made.SetLimits(1, 2, 5))
query("offset beyond", setting=lambda made: made.SetLimits(5, 2, 3))
query("any", "hello test", setting=lambda made: made.SetMatchMode(sphinxapi.SPH_MATCH_ANY))
query("scan", "", setting=lambda made: made.SetMatchMode(sphinxapi.SPH_MATCH_FULLSCAN))
query("weights", setting=lambda made: made.SetFieldWeights({"title": 10, "body": 3}))
query("index weights", setting=lambda made: made.SetIndexWeights({INDEX: 7}))
query("ids", setting=lambda made: made.SetIDRange(2, 4))
query("values", setting=lambda made: made.SetFilter("GID", [10, 30]))
query("not values", setting=lambda made: made.SetFilter("gid", [10], True))
query("range", setting=lambda made: made.SetFilterRange("gid", 11, 20))
query("floats", setting=lambda made: made.SetFilterFloatRange("fl", 0.5, 5.0))
for mode in ("ATTR_DESC", "ATTR_ASC", "TIME_SEGMENTS"):
    number = getattr(sphinxapi, "SPH_SORT_" + mode)
    query(mode, setting=lambda made: made.SetSortMode(number, "TS"))
for clause in ("gid desc, @id asc", "str asc", "@weight desc, big asc"):
    extended = sphinxapi.SPH_SORT_EXTENDED
    query(clause, setting=lambda made: made.SetSortMode(extended, clause))
query("expression", setting=lambda made: made.SetSortMode(sphinxapi.SPH_SORT_EXPR, "gid*2+big"))
for ranker in ("PROXIMITY_BM25", "BM25", "NONE", "WORDCOUNT", "PROXIMITY", "SPH04"):
    def ranked(made):
        made.SetMatchMode(sphinxapi.SPH_MATCH_EXTENDED2)
        made.SetRankingMode(getattr(sphinxapi, "SPH_RANK_" + ranker))
    query(ranker, setting=ranked)


def grouped(attribute, function, order, select):
    def set_up(made):
        made.SetSelect(select)
        made.SetGroupBy(attribute, function, order)
    return set_up


ATTRIBUTE = sphinxapi.SPH_GROUPBY_ATTR
query("groups", "", setting=grouped("GID", ATTRIBUTE, "@count desc, @group asc", "gid, str"))
query("sums", "", setting=grouped("flag", ATTRIBUTE, "@group desc", "sum(gid) s, avg(fl) a"))
for function in ("DAY", "WEEK", "MONTH", "YEAR"):
    number = getattr(sphinxapi, "SPH_GROUPBY_" + function)
    query(function, "", setting=grouped("ts", number, "@group asc", "gid"))
query("outer", setting=lambda made: made.SetOuterSelect("gid asc, big desc", 1, 3))
made = client()
made.AddQuery("hello", INDEX)
made.SetFilter("nope", [1])
made.AddQuery("hello", INDEX)
made.ResetFilters()
made.AddQuery("test", INDEX)
made.AddQuery("test", "nope")
tell("a batch", made, made.RunQueries())

made = client()
made.Open()
for text in ("hello", "test", "world"):
    tell("kept: " + text, made, made.Query(text, INDEX))
made.Close()

made = client(ONE_PORT)
documents = ["hello world, this is a test", "nothing of it"]
tell("excerpts", made, made.BuildExcerpts(documents, ONE_INDEX, "hello test"))
options = {"before_match": "[", "after_match": "]", "limit": 12, "around": 1, "query_mode": True}
tell("short excerpts", made, made.BuildExcerpts(documents, ONE_INDEX, "hello", options))
