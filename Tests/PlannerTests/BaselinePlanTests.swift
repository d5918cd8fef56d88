import CanonicalJSON
import Planner
import Testing

/// Which stages a baseline, a trained classifier and written descriptions become.
@Suite struct BaselinePlanTests {
    private static func header(_ retrieve: String) -> String {
        """
        decant: 1
        name: smart-home
        sources: {functions: {path: smart-home/functions.yaml}, utterances: {path: smart-home/utterances.yaml}}
        data:
          generate: {functions: functions, templates: utterances, count: 2k}
          retrieve: \(retrieve)

        """
    }

    @Test func theBaselineIsTrainedOnTheSameRowsAndReportedBesideTheStudents() throws {
        let body = """
            baseline: {encoder: utterances, training: {steps: 7}}
            evaluate: {metrics: [ar, intent, flops, qps], domains: {home: [set_light]}}
            """
        let shapes = try plan(body).shapes
        func shape(_ name: String) throws -> StageShape { try #require(shapes.first { $0.name == name }, "\(name)") }
        let baseline = try shape("baseline")
        #expect(baseline.kind == "encoder.train/1")
        #expect(baseline.inputs == ["encoder=source.utterances", "data=data"])
        #expect(baseline.parameters.contains(#""labels":"frames""#))
        #expect(baseline.parameters.contains(#""domains":{"home":["set_light"]}"#))
        #expect(baseline.parameters.contains(#""steps":7"#))
        #expect(try shape("baseline.answers").kind == "eval.frames/1")
        #expect(try shape("baseline.answers").inputs == ["model=baseline", "data=data"])
        let students = try shapes.filter { $0.kind.hasPrefix("eval.score") }.map(\.parameters)
        #expect(students.count > 1 && students.allSatisfy { $0.contains(#""domains":{"home":["set_light"]}"#) })
        let report = try shape("report")
        #expect(report.parameters.contains(#""baseline""#))
        #expect(report.inputs.contains { $0.hasSuffix("=baseline.scores") })
        #expect(report.inputs.contains { $0.hasSuffix("=baseline.queries") })
    }

    /// A baseline changes nothing of what is there without it, but for the report.
    @Test func aBaselineStandsBesideEverythingElse() throws {
        let changes = try plan("baseline: {encoder: utterances}\n").changes(from: plan(""))
        #expect(changes == ["baseline", "baseline.answers", "baseline.scores", "baseline.cost", "report"])
    }

    @Test func theWordAloneTakesTheEncoderOfRetrieval() throws {
        let graph = try plan("baseline: icsf\n", header: Self.header("{method: embedding, encoder: utterances}"))
        let baseline = try #require(graph.shapes.first { $0.name == "baseline" })
        #expect(baseline.inputs == ["encoder=source.utterances", "data=data"])
        #expect(try !plan("baseline: none\n").names.contains("baseline"))
    }

    @Test func aClassifierIsTrainedOnTheRowsThatItRanksFor() throws {
        let header = Self.header("{method: classifier, encoder: utterances, training: {batch: 5}, recall_at: [15, 1]}")
        let shapes = try plan("", header: header).shapes
        func shape(_ name: String) throws -> StageShape { try #require(shapes.first { $0.name == name }, "\(name)") }
        #expect(try shape("retrieval.classifier").inputs == ["encoder=source.utterances", "data=data.split"])
        #expect(try shape("retrieval.classifier").parameters.contains(#""batch":5"#))
        #expect(try shape("data").inputs == ["data=data.split", "encoder=retrieval.classifier"])
        #expect(try shape("data").parameters.contains(#""recall_at":[1,15]"#))
        #expect(try shape("retrieval").inputs == ["recall.0=data"])
        #expect(try plan("", header: header).targets.contains { $0.name == "retrieval" })
    }

    @Test func descriptionsAreWrittenByAModelThatWasTunedOnTheBest() throws {
        let header = Self.header("{method: bm25, describe: {from: utterances, samples: 3, top_k: 2, training: {steps: 9}}}")
        let shapes = try plan("", header: header).shapes
        func shape(_ name: String) throws -> StageShape { try #require(shapes.first { $0.name == name }, "\(name)") }
        #expect(try shape("retrieval.candidates").inputs == ["model=utterances.model", "data=data.split"])
        #expect(try shape("retrieval.candidates").parameters.contains(#""samples":3"#))
        #expect(try shape("retrieval.writer").kind.hasPrefix("train.sft"))
        #expect(try shape("retrieval.writer").inputs == ["model=utterances.model", "data=retrieval.candidates"])
        #expect(try shape("retrieval.writer").parameters.contains(#""steps":9"#))
        #expect(try shape("retrieval.writer").parameters.contains(#""optimizer":"adamw""#))
        #expect(try shape("retrieval.descriptions").inputs == ["model=retrieval.writer", "data=data.split"])
        #expect(try shape("data").inputs == ["data=data.split", "descriptions=retrieval.descriptions"])
    }

    /// New parameters are in no key where nobody writes them.
    @Test func keysOfPlainRetrievalAreAsTheyWere() throws {
        let data = try #require(try plan("", header: Self.header("{top_k: 5}")).shapes.first { $0.name == "data" })
        #expect(data.parameters == #"{"add_missed":false,"method":"bm25","top_k":5}"#)
        let scores = try #require(try plan("").shapes.first { $0.kind.hasPrefix("eval.score") })
        #expect(!scores.parameters.contains("domains"))
    }
}
