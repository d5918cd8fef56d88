import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Stages

@Suite struct DataProfileTests {
    private let place = TemporaryFolder()

    private func row(_ id: String, _ query: String, _ answers: String = #"[{"name":"play","arguments":{"genre":"jazz"}}]"#)
        -> String
    {
        #"{"answers":\#(answers),"functions":[],"id":"\#(id)","query":"\#(query)"}"#
    }

    private func write(_ sets: [String: [String]]) throws {
        let schema = #"{"type":"object","properties":{"genre":{"type":"string"}},"required":["genre"]}"#
        try place.write(
            #"[{"name":"play","description":"","parameters":\#(schema)},{"name":"stop","description":"","parameters":{"type":"object"}}]"#,
            to: "functions.json")
        for (set, rows) in sets { try place.write(rows.joined(separator: "\n") + "\n", to: "\(set).jsonl") }
    }

    @Test func rowsAreCountedMeasuredAndCompared() throws {
        try write([
            "train": [
                row("1", "play some jazz for me please now and then again"), row("2", "play jazz"), row("3", "play jazz"),
                row("4", "hello", "[]"), row("5", "play jazz", "[]"),
                row("6", "play five", #"[{"name":"play","arguments":{"genre":5}}]"#),
            ],
            "test": [
                row("7", "play jazz"), row("8", "Play some jazz for me, please, now and then again!"),
                row("9", "something else altogether"),
            ],
        ])
        let json = try DataProfile(of: place.url, tokenizer: nil).json
        #expect(json["rows"] == 9 && json["read"] == 9)
        #expect(json["sets"] == ["test": 3, "train": 6])
        #expect(json["functions"] == ["play": ["test": 3, "train": 4]])
        #expect(json["no_call"] == ["train": 2])
        #expect(json["unused"] == ["stop"])
        #expect(json["lengths"]?["query"]?["characters"] == ["min": 5, "median": 9, "p95": 50, "max": 50])
        #expect(json["repeated"]?["same_answer"] == 1)
        #expect(json["repeated"]?["other_answer"]?["count"] == 1)
        #expect(json["overlap"]?["test"] == ["compared": 3, "exact": 1, "near": 1])
        #expect(json["unfit"]?["count"] == 1)
        #expect(json["unfit"]?["examples"]?[0]?.string?.hasPrefix("train, 6: play: 'genre' is 5") == true)
        let warnings = json.strings("warnings")
        for part in ["no row calls stop", "fewer than 10", "another answer", "do not fit", "1 of 3 rows of test"] {
            #expect(warnings.contains { $0.contains(part) }, "\(part): \(warnings)")
        }
    }

    /// Their rows ask the same, and their lists differ.
    @Test func copiesThatWantNoCallRepeatNothing() throws {
        try write(["train": [row("1", "play jazz"), row("1/no-call", "play jazz", "[]")]])
        let profile = try DataProfile(of: place.url, tokenizer: nil)
        #expect(profile.json["repeated"]?["other_answer"]?["count"] == 0 && profile.json["no_call"] == ["train": 1])
        #expect(!profile.warnings.contains { $0.contains("another answer") })
    }

    @Test func repliesAreLabels() throws {
        try place.write(#"{"kind":"classify","labels":["billing","refund","sales"]}"#, to: "task.json")
        try write([
            "train": (0..<21).map { #"{"answers":[],"id":"\#($0)","query":"q\#($0)","reply":"billing"}"# }
                + [#"{"answers":[],"id":"x","query":"qx","reply":"refund"}"#]
        ])
        let profile = try DataProfile(of: place.url, tokenizer: nil)
        #expect(profile.json["labels"] == ["billing": ["train": 21], "refund": ["train": 1]])
        #expect(profile.json["no_call"] == [:])
        #expect(
            profile.warnings == [
                "no row has the label sales", "fewer than 10 training rows have the label refund (1)",
                "the training rows are unbalanced: 21 have the label billing, 1 refund",
            ])
    }

    /// Turns of a conversation may ask the same in other words before; documents are ranked for one query.
    @Test func whatIsSaidAroundAQueryBelongsToTheQuestion() throws {
        try place.write(#"{"kind":"text"}"#, to: "task.json")
        func turn(_ id: String, after words: String, _ reply: String) -> String {
            #"{"answers":[],"context":[{"content":"\#(words)","role":"user"}],"id":"\#(id)","query":"yes","reply":"\#(reply)"}"#
        }
        try write([
            "train": [turn("1", after: "tea?", "tea"), turn("2", after: "rain?", "rain")],
            "test": [turn("3", after: "x", "y")],
        ])
        let text = try DataProfile(of: place.url, tokenizer: nil)
        #expect(text.json["repeated"]?["other_answer"]?["count"] == 0 && text.json["overlap"]?["test"]?["exact"] == 0)
        #expect(text.json["functions"] == nil && text.json["labels"] == nil)
        #expect(text.text.contains("rows  3, for the task 'text'") && text.text.contains("yes → tea"))
        try place.write(#"{"kind":"rank"}"#, to: "task.json")
        func ranked(_ text: String, _ relevance: Int) -> String {
            #"{"answers":[],"id":"\#(text)","query":"tea","ranked":{"group":"g","relevance":\#(relevance),"text":"\#(text)"}}"#
        }
        try write(["train": [ranked("green", 1), ranked("nuts", 0)], "test": []])
        let rank = try DataProfile(of: place.url, tokenizer: nil)
        #expect(rank.json["labels"] == ["no": ["train": 1], "yes": ["train": 1]])
        #expect(rank.json["repeated"]?["other_answer"]?["count"] == 0)
        #expect(rank.text.contains("tea green → yes"))
    }

    /// What is too much to read is counted, and a part of it is read: always the same.
    @Test func ofManyRowsAHashChoosesSome() throws {
        try write(["train": (0..<2000).map { row(String($0), "play number \($0)") }])
        let profile = try DataProfile(of: place.url, tokenizer: nil, mostRows: 200)
        #expect(profile.rows == ["train": 2000])
        #expect((120...280).contains(profile.read))
        #expect(profile.text.contains("rows  2000, of which \(profile.read) were read: a hash chose them"))
        #expect(try DataProfile(of: place.url, tokenizer: nil, mostRows: 200).json == profile.json)
    }

    @Test func aBrokenLineIsNamed() throws {
        try write(["train": [row("1", "play"), "{"]])
        #expect { try DataProfile(of: place.url, tokenizer: nil) } throws: { "\($0)".hasPrefix("train.jsonl, line 2: ") }
    }

    /// Near is what a search through all pairs finds.
    @Test func nearQueriesAreThoseOfAFullSearch() {
        var random = TestRandom(seed: 3)
        let words = (0..<12).map { "w\($0)" }
        let texts = (0..<400).map { _ in
            (0..<random.next(below: 10) + 1).map { _ in words[random.next(below: 12)] }.joined(separator: " ")
        }
        let (known, asked) = (Array(texts[..<200]), texts[200...])
        let search = NearQueries(known)
        for text in asked {
            let pairs = NearQueries.pairs(of: text)
            let isNear = known.contains { other in
                let others = NearQueries.pairs(of: other)
                return Double(pairs.intersection(others).count) >= 0.8 * Double(pairs.union(others).count)
            }
            #expect(search.contains(near: text) == isNear, "\(text)")
        }
    }
}

extension JSON {
    fileprivate func strings(_ key: String) -> [String] { (self[key]?.array ?? []).compactMap(\.string) }
}
