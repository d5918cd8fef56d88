import Testing

@testable import Trust

/// Which names of a list of allowed signers are one person.
@Suite struct PeopleTests {
    private static let ann = "ssh-ed25519 AAAAann"
    private static let bob = "ssh-ed25519 AAAAbob"

    @Test(arguments: [
        ("ann@a \(ann)\nbob@b \(bob)", false), ("ann@a,bob@b \(ann)", true), ("ann@a \(ann)\nbob@b \(ann)", true),
        ("ann@a \(ann)\nbob@b namespaces=\"git\" \(ann)", true), ("ann@a,x@x \(ann)\nx@x,bob@b \(bob)", true),
        ("ann@a \(ann)\n*@b \(bob)", false), ("ann@a \(ann)\nann@*,bob@b \(bob)", true), ("* \(ann)\nann@a,bob@b \(bob)", true),
        ("ann@a \(ann)\nbob@b \(bob)\n* cert-authority ssh-ed25519 AAAAca", false), ("", false),
        ("ann@a \(ann)\nbob@b \(bob)\n# ann@a,bob@b \(ann)", false),
    ]) func namesAreJoinedByLinesKeysAndPatterns(list: String, areOne: Bool) {
        let people = SignerPeople(list)
        #expect((people.person("ann@a") == people.person("bob@b")) == areOne)
    }

    @Test func namesThatDifferInCaseAreOne() {
        let people = SignerPeople("Ann@A \(Self.ann)\nann@a \(Self.bob)")
        #expect(people.person("Ann@A") == people.person("ann@a"))
    }
}
