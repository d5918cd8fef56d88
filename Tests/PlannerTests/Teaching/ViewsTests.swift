import BuildModel
import CanonicalJSON
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Teacher and student read one question in prompts of their own.
@Suite struct ViewsTests {
    private static let apart = "prompts: {teacher: full, student: compressed}\n"

    private func inputs(_ stage: String, _ graph: Graph) throws -> [String: String] {
        let stage = graph[try #require(graph.stage(named: stage), "\(stage) of \(graph.names)")]
        return Dictionary(stage.inputs.map { ($0.name, graph[$0.stage].name) }, uniquingKeysWith: { $1 })
    }

    static func codes(_ body: String, header: String = fixtureHeader) -> [String] {
        RecipeReader.read(SourceText(path: "recipe.yaml", text: header + body)).diagnostics.map(\.code)
    }

    /// One view for both is what recipes have without a word, and with `compress_prompt`.
    @Test func oneViewHasTheStagesThatItAlwaysHad() throws {
        let plain = try plan("transfer: KD+oKD+RL\n")
        for prompts in ["full", "{teacher: full}", "{teacher: full, student: full}"] {
            #expect(try plan("prompts: \(prompts)\ntransfer: KD+oKD+RL\n").shapes == plain.shapes, "\(prompts)")
        }
        let header = fixtureHeader.replacing("count: 2k}", with: "count: 2k}\n  compress_prompt: true")
        let compressed = try plan("", header: header)
        for prompts in ["compressed", "{teacher: compressed, student: compressed}"] {
            #expect(try plan("prompts: \(prompts)\n").shapes == compressed.shapes, "\(prompts)")
        }
    }

    @Test func samplingAndCaptureReadTheTeachersViewAndTrainingTheStudents() throws {
        let graph = try plan(
            Self.apart + """
                instructions: Be brief.
                transfer: "SFT(steps: 3)+RFT(steps: 3)+KD(steps: 3)+oKD(steps: 3)+RL(steps: 3)"
                """)
        #expect(try inputs("data", graph) == ["data": "data.split"])
        #expect(graph.parameters(of: "data") == ["instructions": "Be brief.", "examples": []])
        #expect(try inputs("data.compressed", graph) == ["data": "data"])
        for stage in ["teacher.sft", "teacher.samples", "teacher.judged", "teacher.logits", "teacher.answers"] {
            #expect(try inputs(stage, graph)["data"] == "data", "\(stage)")
        }
        let chain = "student.sft.rft.kd.okd.rl"
        let learners = ["student.sft", "student.sft.rft", "student.sft.rft.kd", "student.sft.rft.kd.okd", chain]
        for stage in learners + [chain + ".answers"] {
            #expect(try inputs(stage, graph)["data"] == "data.compressed", "\(stage)")
        }
        // Logits are joined by the place in the answer, which the student reads itself.
        #expect(try inputs("student.sft.rft.kd", graph).keys.sorted() == ["data", "judged", "logits", "model"])
        #expect(graph.parameters(of: "student.sft.rft.kd")?["own_prompts"] == true)
        #expect(try inputs("student.sft.rft.kd.okd", graph)["teacher_data"] == "data")
        // Who judges sees what the teacher sees.
        #expect(try inputs(chain + ".scores", graph)["data"] == "data")
    }

    /// What a student has learned from short prompts, it is calibrated and taught by its unpruned self on.
    @Test func anUnprunedStudentTeachesFromItsOwnView() throws {
        let graph = try plan(
            Self.apart + "transfer: KD\nprune: {ratio: 20%, teacher: unpruned}\nquantize: {method: gptq, group_size: 32}\n")
        let capture = try #require(graph.stages.last { $0.kind == "kd.capture" })
        #expect(capture.inputs.first { $0.name == "data" }.map { graph[$0.stage].name } == "data.compressed")
        #expect(graph.parameters(of: "student.kd")?["own_prompts"] == true)
        let recovered = graph.stages.filter { $0.kind == "kd.train" }.dropFirst()
        #expect(!recovered.isEmpty && recovered.allSatisfy { $0.parameters["own_prompts"] == nil })
        for stage in graph.stages where ["prune.score", "quant.calibrate"].contains(stage.kind) {
            #expect(stage.inputs.contains { $0.name == "data" && graph[$0.stage].name == "data.compressed" })
        }
    }

    @Test func examplesAreSpelledAsTextsOrCalls() throws {
        let graph = try plan(
            """
            examples:
              - {query: hello, response: "[]"}
              - {query: lights on, response: [{name: set_light, arguments: {state: "on"}}]}
            """)
        let calls = #"[{"arguments":{"state":"on"},"name":"set_light"}]"#
        #expect(
            graph.parameters(of: "data") == [
                "instructions": "",
                "examples": [["query": "hello", "response": "[]"], ["query": "lights on", "response": .string(calls)]],
            ])
    }

    @Test func aMatrixMayVaryTheStudentsView() throws {
        let graph = try plan("instructions: Be brief.\nmatrix: {prompts.student: [full, compressed]}\n")
        #expect(graph.stages.count { $0.kind == "kd.train" } == 2)
        #expect(graph.stages.count { $0.kind == "kd.capture" } == 1)
        #expect(graph.stages.count { $0.kind == "data.compress-prompt" } == 1)
    }

    @Test(arguments: [
        // Nobody sees the instructions.
        "prompts: compressed\ninstructions: Be brief.\n",
        // Logits of a prompt are of the teacher's.
        "prompts: {teacher: full, student: compressed}\ntransfer: \"KD(prompt: 5%)\"\n",
    ])
    func whatViewsCannotDo(body: String) {
        #expect(Self.codes(body) == ["conflict"])
    }

    @Test func promptsAreSaidOnce() {
        let header = fixtureHeader.replacing("count: 2k}", with: "count: 2k}\n  compress_prompt: true")
        #expect(Self.codes(Self.apart, header: header) == ["conflict"])
        #expect(Self.codes("prompts: brief\n") == ["unknown-value"])
        #expect(Self.codes("examples: [{query: x}]\n") == ["missing-field"])
        #expect(Self.codes("examples: [x]\n") == ["wrong-type"])
    }
}

/// The model behind an endpoint is a row of the report.
@Suite struct EndpointRowTests {
    private static let teacher =
        "teacher: {endpoint: {url: https://example.org/v1, model: large, max_cost: 3, price: {prompt: 1, answer: 2}}}\n"

    @Test func aTeacherBehindAnEndpointIsARow() throws {
        let graph = try plan(Self.teacher + "transfer: RFT\nsample: {max_tokens: 99}\n")
        let answers = graph[try #require(graph.stage(named: "teacher.answers"))]
        #expect(answers.kind == "endpoint.generate" && answers.endpoint?.maxCost == 3)
        #expect(answers.parameters["endpoint"] == ["model": "large"] && answers.parameters["max_tokens"] == 99)
        #expect(graph.parameters(of: "teacher.cost") == ["prompt_price": 1, "answer_price": 2])
        let report = try #require(graph.stages.last)
        #expect(
            report.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "scores.0=teacher.scores", "cost.0=teacher.cost", "price.0=teacher.cost", "scores.1=student.rft.scores",
                "cost.1=student.rft.cost",
            ])
        #expect(report.parameters["rows"] == ["teacher", "student.rft"])
        #expect(report.parameters["metrics"] == ["ar", "exact", "flops", "length", "prompt_tokens", "price"])
        // What an answer costs is no part of the key of the answers.
        let cheap = try plan(
            Self.teacher.replacing("answer: 2", with: "answer: 4") + "transfer: RFT\nsample: {max_tokens: 99}\n")
        #expect(cheap.changes(from: graph) == ["teacher.cost", "report"])
    }

    @Test func aRecipeMayLeaveTheTeacherOut() throws {
        let graph = try plan(Self.teacher + "transfer: RFT\nevaluate: {teacher: false}\n")
        #expect(!graph.stages.contains { $0.kind == "endpoint.generate" })
        #expect(graph.stages.last?.parameters["metrics"] == ["ar", "exact", "flops"])
        let own = try plan("transfer: KD\nevaluate: {teacher: false}\n")
        #expect(!own.names.contains("teacher.scores") && own.names.contains("teacher.sft"))
        #expect(own.stages.last?.parameters["rows"] == ["student.kd"])
    }

    /// What such a teacher reasons is learned where the recipe says `RFT*`.
    @Test func itsReasoningMayBeLearned() throws {
        let graph = try plan(Self.teacher + "transfer: RFT*\n")
        #expect(graph.parameters(of: "teacher.samples.reasoning")?["answer"] == "reasoning")
        #expect(graph.parameters(of: "teacher.samples.reasoning")?["max_tokens"] == 192)
        #expect(graph.parameters(of: "teacher.judged.reasoning")?["answer"] == "reasoning")
        #expect(graph.parameters(of: "student.rft.answers")?["answer"] == "reasoning")
        #expect(graph.parameters(of: "tokenizer")?["answer"] == nil)
        #expect(ViewsTests.codes(Self.teacher + "transfer: KD*\n").contains("needs-logits"))
    }
}

/// Rows that nobody has labelled.
@Suite struct UnlabelledPlanTests {
    private func header(_ ingest: String) -> String {
        """
        decant: 1
        name: smart-home
        sources: {functions: {path: smart-home/functions.yaml}, utterances: {path: smart-home/utterances.yaml}}
        data: {ingest: \(ingest)}

        """
    }

    private static let unlabelled = "{train: {from: utterances, format: table, expect: unknown}, functions: functions}"
    private static let asking = """
        teacher: {endpoint: {url: https://example.org/v1, model: large}}
        judge: {kind: model, endpoint: {url: https://example.org/v1, model: judge}}

        """

    @Test func expectationsGoByInputWhereTheyDiffer() throws {
        let graph = try plan(Self.asking + "transfer: RFT\n", header: header(Self.unlabelled))
        let rows = graph[try #require(graph.stage(named: "data.rows"))]
        #expect(rows.parameters["expectations"] == ["train.0": "unknown"] && rows.parameters["expect"] == nil)
        #expect(
            rows.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "train.0=source.utterances", "functions=source.functions",
            ])
        let all = try plan(
            Self.asking + "transfer: RFT\n",
            header: header("{train: utterances, format: table, expect: unknown, functions: functions}"))
        #expect(all.parameters(of: "data.rows")?["expect"] == "unknown")
        #expect(all.parameters(of: "data.rows")?["expectations"] == nil)
    }

    @Test func referencesComeFromWhatTheJudgeAccepted() throws {
        let graph = try plan(
            Self.asking + "references: judged\ntransfer: \"RFT(steps: 3, validate_every: 2)+RL(steps: 3)\"\n",
            header: header(Self.unlabelled))
        let references = graph[try #require(graph.stage(named: "data.references"))]
        #expect(
            references.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "data=data", "judged=teacher.judged", "judged.0=teacher.judged.valid",
            ])
        #expect(graph.parameters(of: "teacher.samples.valid")?["set"] == "valid")
        #expect(graph.parameters(of: "teacher.samples")?["set"] == nil)
        for stage in ["tokenizer", "student.rft", "student.rft.rl"] {
            let stage = graph[try #require(graph.stage(named: stage))]
            #expect(stage.inputs.contains { $0.name == "data" && graph[$0.stage].name == "data.references" }, "\(stage.name)")
        }
        // Rows are evaluated as they are.
        let answers = graph[try #require(graph.stage(named: "student.rft.rl.answers"))]
        #expect(answers.inputs.map { graph[$0.stage].name } == ["student.rft.rl", "data"])
    }

    @Test(arguments: [
        // Rules compare with what rows say.
        ("judge: {kind: ast}\ntransfer: RFT\n", "needs-answers"),
        // A teacher at hand is corrected on what rows say.
        ("judge: {kind: model, endpoint: {url: https://example.org/v1, model: judge}}\ntransfer: RFT\n", "needs-answers"),
        (asking + "transfer: RL\n", "needs-answers"),
        (asking + "sample: none\nreferences: judged\ntransfer: SFT\n", "needs-answers"),
    ])
    func whatUnlabelledRowsCannotDo(body: String, code: String) {
        let found = ViewsTests.codes(body, header: header(Self.unlabelled))
        #expect(found.contains(code) && Set(found) == [code], "\(found)")
    }
}
