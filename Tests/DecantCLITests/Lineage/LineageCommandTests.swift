import CanonicalJSON
import Foundation
import Testing

@Suite struct LineageCommandTests {
    let workshop: LineageWorkshop
    var program: DecantProgram { workshop.program }

    init() throws { workshop = try LineageWorkshop.built() }

    private static let quantized = "student.kd.prune[20%].recover.W4A16"

    // MARK: log

    @Test func theLogSaysWhatEachBuildChanged() throws {
        let builds = try program.run("log", "tiny", "--json").events
        #expect(builds.count == 2)
        // The quantized model, its answers, scores, cost, and the report.
        #expect(builds[0]["changes"] == ["added": 0, "removed": 0, "changed": 5])
        #expect(builds[1]["changes"] == .null)
        #expect(builds[0]["stages"] == 32)
        #expect(builds[0]["signed"] == false)
        let text = try program.run("log").output
        #expect(text.contains("    stages: 5 changed\n"))
        #expect(text.contains("    first build, 32 stages\n"))
    }

    @Test func theLogEndsAfterSoManyBuildsAndReadsNoOthers() throws {
        #expect(try program.run("log", "-n", "1", "--json").events.count == 1)
        #expect(try program.run("log", "--max-count", "5", "--json").events.count == 2)
        #expect(try program.run("log", "-n", "0", status: 2).errors.contains("must be at least 1"))
    }

    // MARK: lineage

    @Test func aLineageIsATreeInWhichEveryStageStandsOnce() throws {
        let json = try workshop.json("lineage", "model")
        let stages = try #require(json["stages"]?.array)
        let tree = try program.run("lineage", "model").output
        #expect(stages.count == 16)
        #expect(stages.last?["commit"]?.string == workshop.second["model"])
        var seen: Set<String> = []
        for stage in stages {
            let (name, kind, commit) = (stage.text("name"), stage.text("kind"), stage.text("commit"))
            let line = "\(name)  \(kind)  "
            #expect(tree.components(separatedBy: line).count == 2, "\(name) is described once")
            #expect(tree.contains("artifact \(stage.text("artifact").prefix(12))  commit \(commit.prefix(12))"))
            #expect((stage["inputs"]?.array ?? []).allSatisfy { seen.contains($0.text("commit")) }, "inputs come first")
            seen.insert(commit)
        }
        let shared = try #require(stages.first { $0["name"] == "data" }).text("commit").prefix(12)
        #expect(tree.components(separatedBy: "data: data  (shown above, commit \(shared))").count == 6)
    }

    @Test func onlyParametersThatAreNotDefaultsAreShown() throws {
        let tree = try program.run("lineage", "model").output
        #expect(tree.contains("\(Self.quantized)  quant.apply  group_size=16, scheme=W4A16  artifact"))
        #expect(tree.contains("student.kd.prune[20%]  prune.apply  artifact"))
        #expect(tree.contains("teacher.sft  train.sft  training.steps=150  artifact"))
        let model = try #require(try workshop.json("lineage", "model")["stages"]?.array?.last)
        #expect(model["not_default"] == ["group_size": 16, "scheme": "W4A16"])
        #expect(model["parameters"]?["method"] == "rtn")
    }

    @Test func aLineageIsDrawn() throws {
        let dot = try program.run("lineage", "model", "--format", "dot").output
        let commit = try #require(workshop.second["model"]).prefix(12)
        #expect(dot.hasPrefix("digraph lineage {"))
        #expect(dot.contains("\"\(commit)\" [label=\"\(Self.quantized)\\nquant.apply\\n"))
        #expect(dot.contains("-> \"\(commit)\" [label=\"model\"]"))
    }

    @Test func anArtifactOfAnEarlierBuildIsNamedByIt() throws {
        let old = try workshop.json("lineage", "tiny~1:model")
        #expect(old["commit"]?.string == workshop.first["model"])
        #expect(old["stages"]?.array?.last?["name"]?.string == Self.quantized)
        let byCommit = try workshop.json("lineage", try #require(workshop.first["model"]))
        #expect(byCommit["stages"] == old["stages"])
        #expect(try program.run("lineage", "tiny~1", status: 2).errors.contains("name one of its targets: tiny~1:model"))
        #expect(try program.run("lineage", "tiny~2:model", status: 2).errors.contains("goes back too far"))
    }

    // MARK: show

    @Test func aBuildIsShown() throws {
        let build = try workshop.json("show", "tiny")
        let commit = build.text("commit")
        #expect(build["recipe"] == "tiny")
        #expect(build["summary"] == "5 ran, 27 cached")
        #expect(build["stages"]?.array?.count == 32)
        #expect(build["metrics"] == (try workshop.json("show", "report"))["metrics"]?["report.json"])
        #expect(try workshop.json("show", String(commit.prefix(10)))["commit"]?.string == commit)
        #expect(try workshop.json("show", "tiny~1")["commit"] == build["previous"])
        let text = try program.run("show", "tiny").output
        for expected in [
            "  commit      \(commit)\n", "  author      ", "  time        \(build.text("time"))\n", "  stages      32\n",
            "  \(try #require(workshop.second["model"]).prefix(12))  model\n", "exact test",
        ] {
            #expect(text.contains(expected), "\(expected)")
        }
    }
}

extension JSON {
    func text(_ key: String) -> String { self[key]?.string ?? "" }
}
