import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import DecantCLI
@testable import Store

/// Two people run a build again in stores of their own, and a third counts on them.
@Suite struct WitnessProgramTests {
    private let program: DecantProgram
    private let ring = KeyRing()

    /// A build of some seconds with a command at its end.
    static let recipe = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 60, seed: 3}
          split: {test: 15%, valid: 5%}
          prompt: query
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 2)"
        evaluate: {sets: [test]}
        """

    init() throws {
        program = try DecantProgram(recipe: Self.recipe)
        for name in ["ann", "bob"] {
            try ring.key(name)
            try program.write(
                """
                [user]
                    name = \(name)
                    email = \(name)@example.org
                    signingkey = \(ring.file(name).path)
                [gpg]
                    format = ssh

                """, to: "home-\(name)/.gitconfig")
        }
        try program.write(
            "ann@example.org \(try ring.key("ann"))\nbob@example.org \(try ring.key("bob"))\n", to: "allowed")
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", "models.git"], in: program.folder)
    }

    @discardableResult
    private func run(_ who: String, _ arguments: String..., status: Int32? = 0) throws -> DecantProgram.Result {
        program.cache = who
        program.extraEnvironment["HOME"] = program.folder.appending(path: "home-\(who)").path
        let run = ProgramRun(readingToTheEndOf: try program.start(arguments))
        let result = DecantProgram.Result(status: run.status, output: run.output, errors: run.errors)
        if let status { try #require(result.status == status, "\(arguments): \(result.errors)") }
        return result
    }

    @Test func twoStoresAreTwoWitnessesAndAThirdRunsNothing() throws {
        try run("maker", "build", "tiny.yaml", "--json")
        try run("maker", "push", "models.git")
        // The policy before there is any witness: everything is refused, and named.
        let refusal = try run(
            "early", "clone", "models.git", "--policy", "reproduced:2", "--signers", "allowed", "--cache", "early", status: 1)
        #expect(refusal.errors.contains("it has 0 of the 2 witnesses"))
        #expect(refusal.errors.contains(" --witness)"))

        for who in ["ann", "bob"] {
            try run(who, "clone", "models.git", "--cache", who)
            let verified = try run(who, "verify", "tiny", "--witness")
            #expect(verified.output.contains("signed as the witness "))
            #expect(try run(who, "push").output.contains("1 witness"))
            if who == "ann" {
                try run("third", "trust", "remote", "*", "reproduced:2")
                try run("third", "trust", "add", "ann@example.org", ring.key("ann"))
                try run("third", "trust", "add", "bob@example.org", ring.key("bob"))
                #expect(
                    try run("third", "pull", "models.git", status: 1).errors.contains("1 of the 2 witnesses (ann@example.org)"))
            }
        }

        let built = try #require(
            try run("third", "build", "tiny.yaml", "--json", "--remote", "models.git").events.last)
        #expect(built.strings("ran").allSatisfy { $0.hasPrefix("source.") }, "\(built)")
        try run("third", "pull", "models.git")
        let shown = try run("third", "witnesses", "tiny", "--json").events
        let stages = shown.filter { $0["kind"]?.string?.hasPrefix("source.") == false }
        #expect(stages.allSatisfy { $0["agree"] == ["ann@example.org", "bob@example.org"] }, "\(shown)")
        #expect(stages.count > 5)
        let text = try run("third", "witnesses", "tiny").output
        #expect(text.contains("valid, by bob@example.org  the same bytes") && text.contains("there is nothing to run"))
        try run(
            "fourth", "clone", "models.git", "--policy", "reproduced:2", "--signers", "allowed", "--cache", "fourth")
        #expect(try run("fourth", "fsck").output.contains(" 0 problems"))

        try alter()
        let altered = try run(
            "fifth", "clone", "evil.git", "--policy", "reproduced:2", "--signers", "allowed", "--cache", "fifth", status: 1)
        #expect(altered.errors.contains("witnesses disagree"))
        #expect(altered.errors.contains("ann@example.org got ") && altered.errors.contains("bob@example.org got "))
        // Without a policy it comes, and the witnesses tell.
        try run("sixth", "clone", "evil.git", "--signers", "allowed", "--cache", "sixth")
        #expect(try run("sixth", "witnesses", "tiny", status: 1).output.contains("OTHER BYTES: "))
    }

    /// A remote with all that there is, but for one byte of the report.
    private func alter() throws {
        try run("evil", "clone", "models.git", "--cache", "evil")
        let folder = program.folder.appending(path: "evil")
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", "evil.git"], in: program.folder)
        let build: StoredBuild
        let record: StageRecord
        do {
            let store = try Store(at: folder)
            build = try #require(try store.build(of: "tiny"))
            let report = try #require(build.commit(of: "report"))
            record = try #require(try store.stageCommit(report.hex))
            // Without the history: the right result would stand there as well.
            for name in [StageCommit.reference(for: record.action.key), "refs/heads/tiny"] {
                try ProgramRun.output(of: ["git", "update-ref", "-d", name], in: folder.appending(path: "lineage.git"))
            }
        }
        for file in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            try? FileManager.default.removeItem(at: folder.appending(path: file))
        }
        let store = try Store(at: folder)
        let file = try #require(record.artifact.files.first)
        var bytes = try store.readObject(file.digest)
        bytes[bytes.count - 1] ^= 1
        let altered = program.folder.appending(path: URL(fileURLWithPath: file.path).lastPathComponent)
        try bytes.write(to: altered)
        let forged = Artifact(
            files: record.artifact.files.filter { $0.path != file.path }
                + [.init(path: file.path, size: bytes.count, digest: try store.importFile(at: altered.path).digest)])
        let commit = try store.record(record.action, parents: record.parents, artifact: forged)
        let texts = try store.texts(of: build)
        _ = try store.recordBuild(
            BuildRecord(
                recipe: "tiny", recipeText: texts.recipe, companions: texts.companions,
                stages: build.stages.map { $0.commit == record.commit ? .init(name: $0.name, commit: commit) : $0 },
                targets: build.targets.map { target throws -> BuildRecord.Target in
                    let stage = try #require(try store.stageCommit(target.commit.hex))
                    return target.commit == record.commit
                        ? (target.name, commit, forged) : (target.name, target.commit, stage.artifact)
                }, summary: "altered"))
        try run("evil", "push", "evil.git")
    }

    @Test func aSampleSaysHowLikelyItFindsAForgedStage() throws {
        try run("maker", "build", "tiny.yaml", "--json")
        let text = try run("maker", "verify", "tiny", "--sample", "2", "--seed", "1").errors
        #expect(text.contains("a sample of 2 of "))
        let summary = try #require(try run("maker", "verify", "tiny", "--sample", "2", "--json").events.last)
        let stages = try #require(summary["sample"]?["stages"]?.integer)
        #expect(summary["verified"] == 2)
        let first = try #require(summary["sample"]?["finds"]?.array?.first)
        #expect(first["forged"] == 1)
        #expect(abs((first["probability"]?.double ?? 0) - 2 / Double(stages)) < 1e-12)
        // Nothing runs where nothing could be signed.
        let unsigned = try run("maker", "verify", "tiny", "--witness", status: 2)
        #expect(unsigned.output == "" && unsigned.errors.contains("Decant signs with SSH keys alone"))
    }

    @Test(arguments: [(10, 3), (10, 1), (7, 7), (12, 5), (1, 1)]) func theProbabilityIsExact(stages: Int, drawn: Int) {
        let strength = SampleStrength(stages: stages, drawn: drawn)
        for forged in 0...stages {
            // All subsets, counted: those without a forged stage.
            let missing = (0..<(1 << stages)).filter { subset in
                subset.nonzeroBitCount == drawn && subset & ((1 << forged) - 1) == 0
            }.count
            let all = (0..<(1 << stages)).filter { $0.nonzeroBitCount == drawn }.count
            #expect(abs(strength.probability(ofFinding: forged) - (1 - Double(missing) / Double(all))) < 1e-12)
        }
    }
}
