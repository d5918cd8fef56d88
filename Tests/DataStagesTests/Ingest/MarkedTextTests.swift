import TestSupport
import Testing

@testable import Stages

@Suite struct MarkedTextTests {
    @Test(arguments: [
        ("```json\n{\"a\": 1}\n```", "{\"a\": 1}"), ("  ```\n\n x \n```\n", " x"), ("```python\nf()\n```", "f()"),
        ("```\na\n```\nb\n```", "a\n```\nb"), ("``` not a word\nx\n```", "``` not a word\nx\n```"), ("```\n```", ""),
        ("plain", "plain"), ("```x```", "```x```"), ("```\nx", "```\nx"),
    ])
    func aBlockOfCodeIsItsBody(text: String, body: String) { #expect(text.withoutFence() == body) }

    @Test func aWordBehindTheMarkMayHaveOtherCharacters() {
        #expect("```tool_call\n{}\n```".withoutFence() == "```tool_call\n{}\n```")
        #expect("```tool_call\n{}\n```".withoutFence(labels: "_") == "{}")
    }

    @Test func partsStandBetweenMarksThatAreClosed() {
        #expect("a<t>1</t>b<t>2</t><t>3".parts(from: "<t>", to: "</t>") == ["1", "2"])
        #expect("</t><t>1<t>2</t>".parts(from: "<t>", to: "</t>") == ["1<t>2"])
        #expect("nothing".parts(from: "<t>", to: "</t>") == [])
    }

    @Test(arguments: [
        ("a [b] c", "a  c"), ("[[a] b]", " b]"), ("[a\nb]", "[a\nb]"), ("[a\n[b] c", "[a\n c"), ("a]b[", "a]b["), ("[]", ""),
        ("é[x]\u{301}", "é\u{301}"),
    ])
    func bracketsOfOneLineGo(text: String, rest: String) {
        #expect(Array(text.withoutBrackets.unicodeScalars) == Array(rest.unicodeScalars))
    }

    /// A million marks that nothing closes: looking for the end from each of them would take hours.
    @Test(.mustEnd) func marksWithoutAnEndAreLookedAtOnce() {
        let brackets = String(repeating: "[", count: 1_000_000)
        #expect(brackets.withoutBrackets == brackets)
        #expect(String(repeating: "<t>", count: 1_000_000).parts(from: "<t>", to: "</t>") == [])
        let spaces = "```\n" + String(repeating: " ", count: 1_000_000) + "x"
        #expect(spaces.withoutFence() == spaces)
    }
}
