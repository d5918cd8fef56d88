import CanonicalJSON
import Foundation
import Testing

@testable import Kinds
@testable import Stages

/// `eval.perplexity` with `tokens`: the beginning of a text.
@Suite struct PerplexityOfABeginningTests {
    private let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func found(tokens: Int?) throws -> JSON {
        _ = try workshop.whole(EvalPerplexity(stride: 30, context: 50, tokens: tokens))
        return try JSON(parsing: Data(contentsOf: workshop.root.appending(path: "outputs/perplexity.json")))
    }

    @Test func onlySoManyTokensAreRead() throws {
        let whole = try found(tokens: nil)
        let count = try #require(whole["text_tokens"]?.integer)
        #expect(count > 100)
        let beginning = try found(tokens: 40)
        #expect(beginning["text_tokens"] == 40 && beginning["counted_tokens"] == 39 && beginning["windows"] == 1)
        #expect(beginning["perplexity"] != whole["perplexity"])
        #expect(try found(tokens: count) == whole)
        #expect(try found(tokens: count + 1) == whole)
    }
}
