import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// What `init` writes, as it stands.
@Suite struct NewDomainTests {
    /// What people say is answered, in capitals, with marks and polite words too: at least 36 of 40 sentences.
    @Test func itsModelIsWorthKeeping() throws {
        let program = try DecantProgram()
        #expect(try program.run("init", "pantry").errors.contains("hint: decant build pantry.yaml"))
        #expect(try program.build("pantry.yaml")["failed"] == [])
        let spoken = Checkout.file("Tests/Fixtures/pantry/spoken.jsonl")
        let answers = try program.run("run", "pantry:student.kd", "--file", spoken.path, "--json", status: nil).events
        let wanted = try String(contentsOf: spoken, encoding: .utf8).split(separator: "\n").map {
            try JSON(parsing: String($0))
        }
        try #require(answers.count == wanted.count)
        let wrong = zip(wanted, answers).filter { $0["answers"] != $1["calls"] }.map { $1["query"]?.string ?? "" }
        #expect(wrong.count <= 4, "\(wrong)")
        #expect(!wrong.contains("Turn off the kitchen lights!") && !wrong.contains("put eggs on the list please"))
    }

    @Test func aNameThatIsTakenOrNoNameIsRefused() throws {
        let program = try DecantProgram()
        try program.run("init", "pantry")
        #expect(try program.run("init", "pantry", status: 2).errors.contains("is there already"))
        #expect(try program.run("init", "../escape", status: 2).errors.contains("cannot name a domain"))
    }
}
