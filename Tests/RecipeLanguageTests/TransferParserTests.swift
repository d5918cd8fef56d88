import Diagnostics
import Testing

@testable import Declarations
@testable import RecipeLanguage

@Suite struct TransferParserTests {
    /// Every strategy of the papers' tables parses, available or not.
    @Test(arguments: [
        "SFT", "RFT", "KD", "RL", "DPO", "oKD", "RFT*", "KD*", "RFT*+RL", "KD*+RL", "KD[FKL]", "KD*[0.5AKL+0.5CE]",
        "KD[JSD(0.5)]",
        "KD[AKL(0.5)]", "KD[0.9FKL+0.1CE]", "KD*[0.5FKL+0.5CE]+RL", "oKD(tokens: 300, fraction: 0.5)",
        "KD[FKL]+oKD[FKL](tokens: 300)", " KD * [ 0.5 FKL + .5CE ] ( steps : 5 , prompt: 5% ) + RL ",
    ])
    func notationParses(text: String) throws {
        #expect(try !TransferParser.parse(text).steps.isEmpty)
    }

    @Test func partsHavePlaces() throws {
        let step = try #require(try TransferParser.parse("RL+KD*[0.5AKL(0.25)](steps: 10 )").steps.last)
        #expect((step.method.text, step.method.range) == ("KD", 3..<5))
        #expect(step.star?.range == 5..<6)
        #expect(step.brackets == 6..<20)
        #expect(step.terms.map(\.loss.text) == ["AKL"])
        #expect((step.terms.first?.weight?.text, step.terms.first?.argument?.text) == ("0.5", "0.25"))
        #expect((step.options.first?.value.text, step.options.first?.value.range) == ("10", 28..<30))
    }

    @Test(arguments: [
        ("", 0..<0), ("+", 0..<1), ("KD+", 3..<3), ("KD KD", 3..<4), ("KD[", 3..<3), ("KD[]", 3..<4), ("KD[0.5]", 6..<7),
        ("KD()", 3..<4), ("KD(a)", 4..<5), ("KD(a:)", 5..<6), ("KD(a: 1", 7..<7), ("KD**", 3..<4), ("KD[A(x)]", 5..<6),
        ("é", 0..<2),
    ])
    func failuresHavePlaces(text: String, range: Range<Int>) {
        let failure = #expect(throws: TransferSyntax.Failure.self) { try TransferParser.parse(text) }
        #expect(failure?.range == range)
    }
}

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("ration", "ratio"), ("quantise", "quantize"), ("hiden", "hidden"), ("PRUNE", "prune"), ("tset", "test"),
        ("xyzzy", nil),
        ("qwertyuiop", nil),
    ])
    func nearestWord(word: String, expected: String?) {
        #expect(Suggestion.nearest(to: word, among: ["ratio", "quantize", "hidden", "prune", "test"]) == expected)
    }

    @Test func distances() {
        #expect(Suggestion.distance("", "abc") == 3)
        #expect(Suggestion.distance("abc", "acb") == 1)
        #expect(Suggestion.distance("kitten", "sitting") == 3)
    }
}
