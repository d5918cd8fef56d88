import BuildModel
import CanonicalJSON
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Steps that name their data and their teacher.
@Suite struct NamedStepTests {
    private static let recipe = """
        datasets:
          general: {task: text, ingest: {train: functions}, split: {test: 0%}}
        teachers:
          broad: {init: {hidden: 96}, transfer: "SFT(steps: 5, data: general)"}
          large: {init: {hidden: 256}, transfer: "SFT(steps: 6)"}

        """

    private func input(_ name: String, of stage: String, in graph: Graph) throws -> String? {
        let stage = graph[try #require(graph.stage(named: stage), "\(graph.names)")]
        return stage.inputs.first { $0.name == name }.map { graph[$0.stage].name }
    }

    @Test func aStepLearnsFromWhomAndWhatItNames() throws {
        let graph = try plan(
            Self.recipe + "transfer: \"KD(teacher: broad, data: general)+oKD(teacher: large)\"\n")
        #expect(try input("data", of: "teachers.broad.sft", in: graph) == "datasets.general")
        // Nobody answers general rows: their own answers are learned.
        #expect(try input("logits", of: "student.kd", in: graph) == "teachers.broad.logits.general")
        #expect(try input("data", of: "teachers.broad.logits.general", in: graph) == "datasets.general")
        #expect(try input("judged", of: "teachers.broad.logits.general", in: graph) == nil)
        #expect(try input("teacher", of: "student.kd.okd", in: graph) == "teachers.large.sft")
        #expect(try input("data", of: "student.kd.okd", in: graph) == "data")
        // Whom no step asks, nobody trains.
        #expect(!graph.names.contains("teacher.sft") && !graph.names.contains("teacher.init"))
        // One vocabulary, learned from the recipe's own rows.
        #expect(graph.stages.count { $0.kind == "tokenizer.train" } == 1)
        #expect(try input("data", of: "tokenizer", in: graph) == "data")
    }

    @Test func aRecoveryHasStepsOfItsOwn() throws {
        let graph = try plan(
            Self.recipe
                + """
                transfer: SFT
                prune: {ratio: 20%, recover: "KD(teacher: broad, data: general, steps: 3)+KD(teacher: large, steps: 4)"}

                """)
        let trained = graph.stages.filter { $0.kind == "kd.train" }
        #expect(
            trained.map { stage in stage.inputs.first { $0.name == "logits" }.map { graph[$0.stage].name } }
                == ["teachers.broad.logits.general", "teachers.large.logits"])
        #expect(trained.allSatisfy { $0.parameters["teacher_weights"] == nil })
    }

    @Test func aNamedTeacherAnswers() throws {
        let graph = try plan(
            """
            teachers: {served: {endpoint: {url: "http://localhost:1/v1", model: big}}}
            transfer: "RFT(teacher: served)+KD"

            """)
        let samples = graph[try #require(graph.stage(named: "teachers.served.samples"))]
        #expect(samples.kind == "endpoint.sample" && samples.endpoint != nil)
        #expect(try input("judged", of: "student.rft", in: graph) == "teachers.served.judged")
        // An endpoint has no logits: KD learns from the recipe's own teacher alone.
        #expect(try input("logits", of: "student.rft.kd", in: graph) == "teacher.logits")
        #expect(graph[try #require(graph.stage(named: "student.rft.kd"))].parameters["teacher_weights"] == nil)
    }

    @Test func severalTeachersShareTheRows() throws {
        let graph = try plan(
            """
            teachers:
              music: {init: {hidden: 96}, answers: {domain: ["play_*", pause]}}
              far: {endpoint: {url: "http://localhost:1/v1", model: big}, answers: 3}
            transfer: RFT

            """)
        let judged = graph[try #require(graph.stage(named: "teacher.judged"))]
        #expect(
            judged.inputs.dropFirst().map { "\($0.name)=\(graph[$0.stage].name)" }
                == ["rollouts=teacher.samples", "rollouts.0=teachers.music.samples", "rollouts.1=teachers.far.samples"])
        func rows(_ stage: String) throws -> JSON? { graph[try #require(graph.stage(named: stage))].parameters["rows"] }
        let domain: JSON = ["pause", "play_*"]
        let own = try #require(try rows("teacher.samples"))
        #expect(own["from"] == 0 && own["up_to"] == 0.25 && own["domain"] == [])
        #expect(Set(own["except"]?.array ?? []) == Set(domain.array ?? []))
        let music = try #require(try rows("teachers.music.samples"))
        #expect(Set(music["domain"]?.array ?? []) == Set(domain.array ?? []) && music["except"] == [])
        let far = try #require(try rows("teachers.far.samples"))
        #expect(far["from"] == 0.25 && far["up_to"] == 1)
        // Alone, a teacher answers all rows, and its key says nothing of it.
        let alone = try plan("transfer: RFT\n")
        #expect(alone.stages.first { $0.kind == "sample" }?.parameters["rows"] == nil)
    }

    @Test func whoNamesNothingHasTheGraphThatItHad() throws {
        let plain = try plan("transfer: RFT+KD\n")
        let named = try plan("transfer: \"RFT(teacher: teacher, data: data)+KD(teacher: teacher)\"\n")
        #expect(plain.shapes == named.shapes)
    }

    private func codes(_ body: String) -> [String] {
        RecipeReader.read(SourceText(path: "r.yaml", text: fixtureHeader + body)).diagnostics.map(\.code)
    }

    @Test func whatIsNotThereIsNamed() {
        #expect(codes("transfer: \"KD(teacher: nobody)\"\n") == ["unknown-value"])
        #expect(codes("transfer: \"SFT(data: nothing)\"\n") == ["unknown-value"])
        #expect(codes("teachers: {large: {}}\ntransfer: \"KD(teacher: teacher)\"\n") == ["conflict"])
        #expect(codes("transfer: \"SFT(teacher: teacher)\"\n") == ["conflict"])
        #expect(codes("teachers: {large: {}}\ntransfer: \"KD*(teacher: large)\"\n") == ["transfer-star"])
        #expect(
            codes("teachers: {far: {endpoint: {url: \"http://localhost:1/v1\", model: m}}}\ntransfer: \"KD(teacher: far)\"\n")
                == ["needs-logits"])
        let text = "datasets: {general: {task: text, ingest: {train: functions}, split: {test: 0%}}}\n"
        #expect(codes(text + "transfer: \"RFT(data: general)\"\n") == ["needs-answers"])
        #expect(codes(text + "transfer: \"SFT(data: general, validate_every: 5)+KD\"\n") == [])
        #expect(
            codes("teachers: {large: {answers: {domain: [play], weight: 2}}}\ntransfer: RFT\n") == ["conflict"])
        #expect(codes("teachers: {large: {answers: 2}}\nsample: none\ntransfer: SFT\n") == ["conflict"])
        #expect(codes("datasets: {data: {ingest: {train: functions}}}\n") == ["bad-name"])
    }
}
