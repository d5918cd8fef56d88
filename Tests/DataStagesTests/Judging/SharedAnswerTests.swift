import CanonicalJSON
import Engine
import Testing

@testable import Kinds
@testable import Stages

/// Several teachers answer, each its part of the rows; the judge sorts what all of them said.
@Suite struct SharedAnswerTests {
    private static let rows = (0..<200).map { index in
        Row(
            id: "r\(index)", query: "query \(index)",
            answers: [FunctionCall(name: ["play_song", "pause", "set_light", "set_heat"][index % 4], arguments: [:])])
    }

    private static func part(
        domain: [String] = [], except: [String] = [], from: Double = 0, upTo: Double = 1
    ) -> [String] {
        var part = AnsweredRows()
        (part.domain, part.except, part.from, part.upTo) = (domain, except, from, upTo)
        return part.rows(among: rows).map(\.id)
    }

    @Test func eachRowIsAnsweredOnce() {
        let domain = ["play_*", "pause"]
        let music = Self.part(domain: domain)
        #expect(music.count == 100)
        let (first, second) = (Self.part(except: domain, upTo: 0.25), Self.part(except: domain, from: 0.25))
        #expect(Set(music + first + second).count == 200 && music.count + first.count + second.count == 200)
        #expect((10...40).contains(first.count), "\(first.count)")
        // Of two that have a domain, the first one answers.
        #expect(Self.part(domain: ["*"], except: ["set_*"]) == music)
    }

    @Test func aRowsTeacherDependsOnTheRowAlone() {
        var part = AnsweredRows()
        part.upTo = 0.5
        let all = Set(part.rows(among: Self.rows).map(\.id))
        let few = part.rows(among: Array(Self.rows[50..<80].reversed()))
        #expect(Set(few.map(\.id)) == all.intersection(Self.rows[50..<80].map(\.id)))
    }

    @Test func theJudgeReadsWhatAllOfThemSaid() throws {
        var (judge, texts) = JudgingStagesTests.judge(
            keep: 1, [JudgingStagesTests.rollout("row-x", JudgingStagesTests.call("x"))])
        texts["rollouts.0/rollouts.jsonl"] = JudgingStagesTests.rollout("row-y", JudgingStagesTests.call("y"))
        texts["rollouts.1/rollouts.jsonl"] = JudgingStagesTests.rollout("row-z", JudgingStagesTests.call("x"))
        judge.keep = 1
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl").map { $0["id"]?.string } == ["row-x", "row-y"])
        #expect(try run.json("summary.json")["rejected"] == 1)
    }
}
