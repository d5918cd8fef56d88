import BuildModel
import CanonicalJSON
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// The strategies of the papers, as graphs.
@Suite struct StrategyTests {
    /// The paper's table of strategies is one matrix (From Large to Super-Tiny, appendix J).
    @Test func thePapersTableIsOneMatrix() throws {
        let graph = try plan(
            """
            matrix:
              transfer: [RFT, "KD[FKL]", "KD[0.5FKL+0.5CE]", "KD[AKL]", "KD[0.5AKL+0.5CE]", RL, RFT*, KD*, RFT*+RL, KD*+RL]
            """)
        #expect(graph.targets.count == 10 + 2 + 1)
        // Two teachers, one for calls, one that was taught to reason; each answers once and is captured once.
        #expect(graph.stages.count { $0.kind == "sample" } == 2)
        #expect(graph.stages.count { $0.kind == "kd.capture" } == 2)
        #expect(graph.names.contains("teacher.sft") && graph.names.contains("teacher.sft.reasoning.rl"))
        #expect(graph.stages.count { $0.kind == "tokenizer.train" } == 2)
        // The teacher's, the student's own, and those after RFT* and KD*.
        #expect(graph.stages.count { $0.kind == "rl.train" } == 4)
        #expect(graph.stages.count { $0.kind == "kd.train" } == 5)
    }

    /// One vocabulary for calls and reasonings, where the recipe says so: what stands before a `*` is then shared too.
    @Test func aTokenizerOfReasoningsIsShared() throws {
        let matrix = "matrix: {transfer: [SFT+RFT, SFT+RFT*]}\n"
        let apart = try plan(matrix)
        #expect(apart.stages.count { $0.kind == "tokenizer.train" } == 2)
        #expect(apart.stages.count { $0.kind == "model.init" } == 4)
        let shared = try plan("tokenizer: {answers: reasoning}\n" + matrix)
        #expect(shared.stages.filter { $0.kind == "tokenizer.train" }.map { $0.parameters["answer"] } == ["reasoning"])
        #expect(shared.stages.count { $0.kind == "model.init" } == 2)
        #expect(shared.stages.count { $0.name == "student.sft" } == 1)
        #expect(try plan("tokenizer: {answers: calls}\ntransfer: RFT*\n").parameters(of: "tokenizer")?["answer"] == nil)
    }

    /// DESIGN's example: the stages of `KD*[0.5FKL+0.5CE]+RL` in their order.
    @Test func reasoningIsDistilledAndThenReinforced() throws {
        let graph = try plan(
            "transfer: KD*[0.5FKL+0.5CE]+RL\nprune: {ratio: 20%}\nquantize: {scheme: W4A16, method: gptq, group_size: 32}\n")
        let chain = [
            "teacher.init", "teacher.sft", "teacher.sft.reasoning", "teacher.sft.reasoning.rl", "teacher.samples.reasoning",
            "teacher.judged.reasoning", "teacher.logits.reasoning", "student.kd", "student.kd.rl", "student.kd.rl.importance",
            "student.kd.rl.prune[20%]",
            "student.kd.rl.prune[20%].recover", "student.kd.rl.prune[20%].recover.statistics",
            "student.kd.rl.prune[20%].recover.W4A16",
        ]
        let places = try chain.map { try #require(graph.stage(named: $0), "\($0)") }
        #expect(places == places.sorted())
        let judged = graph[places[5]]
        #expect(judged.parameters["answer"] == "reasoning")
        // Reasoning is taught from the start, to a vocabulary that has its words; what is left out stays out of the keys.
        for stage in ["tokenizer", "teacher.sft.reasoning", "teacher.sft.reasoning.rl", "student.kd.rl"] {
            #expect(graph.parameters(of: stage)?["answer"] == "reasoning", "\(stage)")
        }
        #expect(graph.parameters(of: "teacher.sft")?["answer"] == nil)
        // What was taught to reason is asked for reasoning, what recovered from plain logits for calls.
        #expect(graph.parameters(of: "student.kd.rl.answers")?["answer"] == "reasoning")
        #expect(graph.parameters(of: "student.kd.rl.prune[20%].recover.answers")?["answer"] == "call")
    }

    /// Adapters are trained beside the model, and added to it by a stage of its own, which the next step goes on from.
    @Test func adaptersAreMergedByAStageOfTheirOwn() throws {
        let graph = try plan("transfer: \"RFT(steps: 5, lora: 8, lora_targets: v_proj)+RL(steps: 5)\"\n")
        let adapters = try #require(graph.stages.first { $0.name == "student.rft.adapters" })
        let merged = try #require(graph.stages.first { $0.name == "student.rft" })
        #expect(adapters.kind == "train.sft" && merged.kind == "adapter.merge")
        #expect(adapters.parameters["training"]?["lora"] == ["rank": 8, "alpha": 16, "targets": ["v_proj"]])
        #expect(adapters.parameters["training"]?["learning_rate"] == 1e-3)
        #expect(merged.inputs.map { graph[$0.stage].name } == ["student.init", "student.rft.adapters"])
        let next = try #require(graph.stages.first { $0.name == "student.rft.rl" })
        #expect(graph[next.inputs[0].stage].name == "student.rft")
        #expect(next.parameters["training"]?["lora"] == nil)
    }

    /// Reinforcement rewards the answers that a model has learnt to give.
    @Test func reinforcementKeepsTheStyleOfAnswers() throws {
        for transfer in ["RL", "SFT+RL", "KD+RL"] {
            let graph = try plan("transfer: \(transfer)\n")
            for stage in graph.stages { #expect(stage.parameters["answer"] ?? "call" == "call") }
        }
    }

    @Test func reasoningGetsMoreTokensUnlessTheRecipeSays() throws {
        let graph = try plan("transfer: \"KD*+RL\"\n")
        for (stage, field) in [
            ("teacher.sft.reasoning.rl", "tokens"), ("teacher.samples.reasoning", "max_tokens"), ("student.kd.rl", "tokens"),
            ("student.kd.rl.answers", "max_tokens"),
        ] { #expect(graph.parameters(of: stage)?[field] == 192, "\(stage)") }
        let written = try plan(
            "transfer: \"KD*+RL(tokens: 70)\"\nsample: {max_tokens: 71}\nevaluate: {max_tokens: 64}\n")
        #expect(written.parameters(of: "teacher.samples.reasoning")?["max_tokens"] == 71)
        #expect(written.parameters(of: "student.kd.rl")?["tokens"] == 70)
        #expect(written.parameters(of: "student.kd.rl.answers")?["max_tokens"] == 64)
        #expect(try plan("transfer: KD+RL\n").parameters(of: "student.kd.rl")?["tokens"] == 64)
    }

    @Test func trainingLooksAtTheValidationSetWhereItIsAskedTo() throws {
        let graph = try plan("transfer: \"KD(validate_every: 5, patience: 2)+SFT(validate_every: 3)+DPO\"\n")
        let validation: JSON = ["every": 5, "patience": 2, "prompt": "query"]
        #expect(graph.parameters(of: "student.kd")?["training"]?["validation"] == validation)
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "data", "logits"])
        #expect(
            graph.parameters(of: "student.kd.sft")?["training"]?["validation"] == ["every": 3, "prompt": "query"])
        let reasoned = try plan("transfer: \"KD*(validate_every: 5)\"\n")
        #expect(
            reasoned.parameters(of: "student.kd")?["training"]?["validation"]
                == ["every": 5, "prompt": "query", "answer": "reasoning"])
        // Keys are as they were where nobody asks.
        #expect(graph.parameters(of: "student.kd.sft.dpo")?["training"]?.object?["validation"] == nil)
    }

    @Test func aShareOverThePromptTakesACaptureOfItsOwn() throws {
        let graph = try plan("matrix: {transfer: [KD, \"KD(prompt: 5%)\", \"KD(prompt: 10%)\"]}\n")
        let captures = graph.stages.filter { $0.kind == "kd.capture" }.map(\.parameters)
        #expect(captures.count == 2)
        #expect(captures.map { $0["whole_sequence"] } == [nil, true])
        #expect(captures[0].object?["whole_sequence"] == nil)
    }

    @Test(arguments: [
        ("transfer: \"KD(patience: 2)\"", "conflict"), ("transfer: \"RL(validate_every: 2)\"", "unknown-field"),
        ("transfer: \"SFT(validate_every: 2)\"\ndata: {split: {valid: 0%}}", "empty-set"),
    ])
    func whatValidationCannotDo(body: String, code: String) {
        var header = fixtureHeader
        var body = body
        if let data = body.range(of: "\ndata: {split: {valid: 0%}}") {
            body.removeSubrange(data)
            header = header.replacing("count: 2k}", with: "count: 2k}\n  split: {valid: 0%}")
        }
        let reading = RecipeReader.read(SourceText(path: "r.yaml", text: header + body + "\n"))
        #expect(reading.diagnostics.contains { $0.code == code }, "\(reading.diagnostics)")
    }

    @Test func withoutAStarTheTeacherIsTheOneBeforeReinforcement() throws {
        let graph = try plan("teacher: {transfer: SFT+RL}\ntransfer: KD\n")
        #expect(!graph.stages.contains { $0.kind == "rl.train" })
        let samples = try #require(graph.stages.first { $0.kind == "sample" })
        #expect(graph[samples.inputs[0].stage].name == "teacher.sft")
    }

    @Test(arguments: [
        ("KD", "[{step: KD}]"), ("RFT", "{step: RFT}"),
        ("\"KD*[0.5FKL+0.5CE]+RL\"", "[{step: KD*, loss: {CE: 0.5, FKL: 50%}}, {step: RL}]"),
        (
            "\"KD[JSD(0.25)+0.5AKL](steps: 7, prompt: 5%)\"",
            "[{step: KD, loss: {AKL: 0.5, JSD(0.25): 1}, steps: 7, prompt: 0.05}]"
        ),
        (
            "\"KD[FKL]+oKD[FKL](tokens: 300, fraction: 0.5)\"",
            "[{step: KD, loss: FKL}, {step: oKD, loss: FKL, tokens: 300, fraction: 50%}]"
        ),
        (
            "\"RFT*(batch: 8)+RL(rollouts: 4, kl: 0.02)+DPO(beta: 0.2)\"",
            "[{step: RFT*, batch: 8}, {step: RL, rollouts: 4, kl: 0.02}, {step: DPO, beta: 0.2}]"
        ),
    ])
    func theLongFormMeansTheSame(notation: String, long: String) throws {
        #expect(try plan("transfer: \(notation)\n").shapes == plan("transfer: \(long)\n").shapes)
        #expect(try plan("student: {transfer: \(notation)}\n").shapes == plan("transfer: \(long)\n").shapes)
    }

    @Test func everyOptionReachesItsStage() throws {
        let graph = try plan(
            """
            transfer: "KD[AKL(0.3)](temperature: 2, prompt: 5%)+oKD[RKL](tokens: 30, fraction: 0.5, sampling_temperature: 0.8)\
            +RL(rollouts: 4, clip: 0.1, kl: 0.05, name_reward: 1, arguments_reward: 2, updates: 3)+DPO(beta: 0.3)"
            """)
        let kd = try #require(graph.parameters(of: "student.kd"))
        #expect(kd["loss"] == [["loss": "AKL", "weight": 1, "argument": 0.3]])
        #expect(kd["tail"] == "renormalize" && kd["prompt_share"] == 0.05)
        let onPolicy = try #require(graph.parameters(of: "student.kd.okd"))
        #expect(onPolicy["tokens"] == 30 && onPolicy["fraction"] == 0.5 && onPolicy["sampling_temperature"] == 0.8)
        #expect(onPolicy["training"]?["steps"] == 200)
        let rl = try #require(graph.parameters(of: "student.kd.okd.rl"))
        #expect(rl["rollouts"] == 4 && rl["clip"] == 0.1 && rl["kl"] == 0.05 && rl["arguments_reward"] == 2)
        #expect(rl["updates"] == 3 && rl["answer"] == nil)
        #expect(try plan("transfer: RL\n").parameters(of: "student.rl")?["updates"] == nil)
        #expect(rl["training"]?["learning_rate"] == 5e-5)
        #expect(graph.parameters(of: "student.kd.okd.rl.dpo")?["beta"] == 0.3)
    }

    @Test func constrainedAnswersAreAskedForWhereTheyAreWanted() throws {
        let plain = try plan("transfer: RFT\n")
        let constrained = try plan("transfer: RFT\nsample: {constrained: true}\nevaluate: {constrained: true}\n")
        for stage in ["teacher.samples", "student.rft.answers"] {
            #expect(try #require(plain.parameters(of: stage))["constrained"] == nil)
            #expect(try #require(constrained.parameters(of: stage))["constrained"] == true)
        }
    }

    @Test func gradualPruningRecoversAfterEachRatio() throws {
        let graph = try plan("student: {init: {layers: 8}}\nprune: {ratio: [20%, 40%], recover: \"KD(steps: 5)\"}\n")
        let second = "student.kd.prune[20%].recover.prune[40%]"
        #expect(graph.names.contains("\(second).recover"))
        // 40% of the unpruned model is a quarter of what is left after 20%.
        let ratio = try #require(graph.parameters(of: second)?["ratio"]?.double)
        #expect(abs(ratio - 0.25) < 1e-12)
        #expect(graph.stages.count { $0.kind == "prune.score" } == 2)
    }

    /// A matrix lists values of `ratio`; one of them may be a list itself.
    @Test func aListWithinAMatrixIsGradual() throws {
        let graph = try plan("student: {init: {layers: 8}}\nmatrix: {prune.ratio: [40%, [20%, 40%]]}\n")
        #expect(
            graph.targets.prefix(2).map { graph[$0.stage].name } == [
                "student.kd.prune[40%].recover", "student.kd.prune[20%].recover.prune[40%].recover",
            ])
        // At once from the student's scores; gradually from those of what recovered.
        let scored = graph.stages.filter { $0.kind == "prune.score" }.map { graph[$0.inputs[0].stage].name }
        #expect(scored == ["student.kd", "student.kd.prune[20%].recover"])
    }

    @Test func methodsShareTheScoresOfChannels() throws {
        let graph = try plan(
            """
            student: {init: {hidden: 256, intermediate: 1024}}
            prune: {granularity: {hidden: 16, intermediate: 32}, damping: 2%, search: {tolerance: 3%, samples: 16}}
            matrix:
              prune.method: [width, osscar, magnitude, activation]
              prune.ratio: [20%, 30%]
            """)
        #expect(graph.stages.filter { $0.kind == "prune.score" }.map(\.parameters["method"]) == ["width"])
        let applied = graph.stages.filter { $0.kind == "prune.apply" }.map(\.parameters)
        #expect(applied.count == 8)
        #expect(
            applied.first == [
                "method": "width", "ratio": 0.2, "granularity": ["hidden": 16, "intermediate": 32],
                "search": ["tolerance": 0.03, "samples": 16],
            ])
        #expect(
            applied.first { $0["method"] == "osscar" }
                == ["method": "osscar", "ratio": 0.2, "granularity": ["intermediate": 32], "damping": 0.02])
        #expect(
            applied.first { $0["method"] == "magnitude" }
                == ["method": "magnitude", "ratio": 0.2, "granularity": ["intermediate": 32]])
    }

    @Test func layersAndShapesAreAlternativesToRatios() throws {
        let layers = try plan("prune: {layers: 1}\n")
        #expect(layers.parameters(of: "student.kd.prune[1 layer]")?["layers"] == 1)
        let shape = try plan(
            "student: {init: {hidden: 256, intermediate: 1024}}\nprune: {method: width, shape: {hidden: 192, intermediate: 768}}\n"
        )
        #expect(shape.parameters(of: "student.kd.prune[192×768]")?["intermediate"] == 768)
        let heads = try plan("prune: {method: osscar, shape: {intermediate: 256, kv_heads: 1}}\n")
        #expect(
            heads.parameters(of: "student.kd.prune[·×256, 1 kv]")
                == ["method": "osscar", "intermediate": 256, "kv_heads": 1, "damping": 0.01])
    }

    @Test func statisticsAreSharedByEveryScheme() throws {
        let graph = try plan(
            """
            quantize: {method: gptq}
            matrix:
              quantize.scheme: [W4A16, W8A16]
              quantize.group_size: [32, 64]
            """)
        #expect(graph.stages.count { $0.kind == "quant.calibrate" } == 1)
        #expect(graph.stages.count { $0.kind == "quant.apply" } == 4)
    }

    @Test func anEndpointTeacherAnswersAndIsNotTrained() throws {
        let graph = try plan(
            """
            teacher: {endpoint: {url: https://example.org/v1, model: large, api_key_env: TEACHER_KEY, max_requests: 9, price: {answer: 2}}}
            transfer: RFT
            judge: {kind: model, endpoint: {url: https://example.org/v1, model: judge}, prompt: "right?"}
            """)
        #expect(graph.stages.count { $0.kind == "endpoint.sample" } == 1)
        #expect(!graph.names.contains("teacher.init"))
        #expect(!graph.stages.contains { $0.parameters.canonicalText.contains("TEACHER_KEY") })
        let access = graph.stages.first { $0.kind == "endpoint.sample" }?.endpoint
        #expect(access?.url == "https://example.org/v1" && access?.key == .variable("TEACHER_KEY"))
        #expect(access?.maxRequests == 9 && access?.maxCost == nil && access?.price == .init(prompt: 0, answer: 2))
        #expect(graph.parameters(of: "teacher.judged")?["question"]?["endpoint"]?["model"] == "judge")
    }

    /// Only the model's name and the settings of its answers decide what is built.
    @Test func whereTheEndpointIsAndWhatItMayCostIsNoPartOfAKey() throws {
        func parameters(_ endpoint: String, _ rest: String = "") throws -> JSON? {
            let graph = try plan("teacher: {endpoint: {\(endpoint)}}\ntransfer: RFT\n\(rest)")
            return graph.stages.first { $0.kind == "endpoint.sample" }?.parameters
        }
        let one = try parameters("url: https://example.org/v1, model: large")
        #expect(one != nil)
        let other = """
            url: "http://localhost:8000/v1", model: large, api_key_env: MY_KEY, max_requests: 5, max_cost: 3, price: {prompt: 1}, \
            concurrency: 9, timeout: 5 s, retries: 0
            """
        #expect(try parameters(other) == one)
        #expect(try parameters("url: https://example.org/v1, model: larger") != one)
        for sample in ["samples: 2", "temperature: 0.1", "max_tokens: 9", "seed: 1"] {
            #expect(try parameters("url: https://example.org/v1, model: large", "sample: {\(sample)}") != one, "\(sample)")
        }
    }

    /// A stage of the recipe's own names the model; the recipe's teacher or judge of that name says where it is.
    @Test func anOwnStageAsksTheModelThatItNames() throws {
        let stage = """
            stages:
              more: {kind: endpoint.sample, inputs: {data: data}, parameters: {endpoint: {model: MODEL}, samples: 2, temperature: 1, max_tokens: 32, seed: 1}}
            """
        let teacher = "teacher: {endpoint: {url: https://example.org/v1, model: large}}\ntransfer: RFT\n"
        func access(_ model: String) throws -> EndpointAccess? {
            let graph = try plan(teacher + stage.replacing("MODEL", with: model))
            return graph[try #require(graph.stage(named: "more"))].endpoint
        }
        #expect(try access("large")?.url == "https://example.org/v1")
        #expect(try access("unknown") == nil)
    }

    @Test func importedModelsBringTheirTokenizer() throws {
        let graph = try plan(
            "teacher: {from: big}\nstudent: {init: {hidden: 64}}\n",
            header: fixtureHeader.replacing(
                "sources:",
                with: """
                    sources:
                      big: {huggingface: a/b, revision: main, member: model.gguf, sha256: \(Digest(hashing: "x").hex)}
                    """))
        #expect(!graph.stages.contains { $0.kind == "tokenizer.train" })
        let start = try #require(graph.stages.first { $0.name == "student.init" })
        #expect(graph[start.inputs[0].stage].name == "big.model")
    }

    @Test func preparationStandsBetweenSplitAndPrompts() throws {
        let header = fixtureHeader.replacing("count: 2k}", with: "count: 2k}\n  retrieve: {top_k: 5}\n  compress_prompt: true")
        let graph = try plan("evaluate: {metrics: [ar, latency], clients: [1, 2]}\n", header: header)
        let names = ["data.split", "data.retrieved", "data", "tokenizer"].compactMap(graph.stage)
        #expect(names.count == 4 && names == names.sorted())
        #expect(graph.parameters(of: "data.retrieved") == ["method": "bm25", "top_k": 5, "add_missed": false])
        #expect(graph.parameters(of: "student.kd.serving")?["clients"] == [1, 2])
    }
}

extension StrategyTests {
    @Test func perplexityMayBeOfATextsBeginning() throws {
        let text = "evaluate: {metrics: [perplexity], perplexity: {text: functions"
        for (written, tokens) in [("", JSON?.none), (", tokens: 100", 100)] {
            let stages = try plan("\(text)\(written)}}\n").stages.filter { $0.kind == "eval.perplexity" }
            #expect(!stages.isEmpty && stages.allSatisfy { $0.parameters["tokens"] == tokens })
        }
    }

    @Test func theSpeedOfEveryModelIsMeasured() throws {
        let graph = try plan("evaluate: {metrics: [ar, speed]}\n")
        let names = ["teacher.speed", "student.kd.speed"]
        #expect(graph.stages.filter { $0.kind == "bench.decode" }.map(\.name) == names)
        #expect(graph.stages.filter(\.isMeasurement).map(\.name) == names)
        let stage = graph[try #require(graph.stage(named: "student.kd.speed"))]
        #expect(stage.parameters == ["prompt_tokens": 32, "new_tokens": 64, "rounds": 3])
        #expect(stage.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == ["model=student.kd"])
        #expect(Set(stage.origins.map(\.field)) == ["evaluate.metrics", "numerics"])
        let report = try #require(graph.stages.last)
        #expect(
            report.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "scores.0=teacher.scores", "cost.0=teacher.cost", "speed.0=teacher.speed", "scores.1=student.kd.scores",
                "cost.1=student.kd.cost", "speed.1=student.kd.speed",
            ])
        // Clients are measured as well, but nothing else is.
        let all = try plan("evaluate: {metrics: [ar, latency, speed], clients: [1]}\n")
        #expect(Set(all.stages.filter(\.isMeasurement).map(\.kind)) == ["bench.decode", "bench.serve"])
    }

    @Test func knowledgeStandsBehindRetrieval() throws {
        let header = fixtureHeader.replacing(
            "count: 2k}",
            with:
                "count: 2k}\n  retrieve: {add_missed: yes}\n  knowledge: {snippets: functions, top_k: 2}\n  compress_prompt: true"
        )
        let graph = try plan("", header: header)
        let names = ["data.split", "data.retrieved", "data.informed", "data"].compactMap(graph.stage)
        #expect(names.count == 4 && names == names.sorted())
        #expect(graph.parameters(of: "data.informed") == ["method": "bm25", "top_k": 2])
        #expect(graph.parameters(of: "data.retrieved")?["add_missed"] == true)
        let informed = graph[try #require(graph.stage(named: "data.informed"))]
        #expect(informed.inputs.map(\.name) == ["data", "snippets"])
        #expect(informed.inputs.map { graph[$0.stage].name } == ["data.retrieved", "source.functions"])
        let alone = try plan(
            "", header: fixtureHeader.replacing("count: 2k}", with: "count: 2k}\n  knowledge: {snippets: functions}"))
        #expect(alone.parameters(of: "data")?["top_k"] == 3)
    }

    @Test func anEncoderIsAnInputOfWhatItRanks() throws {
        let pinned = "minilm: {pypi: encoder==1.0.0, member: model.safetensors, sha256: \(Digest(hashing: "x").hex)}"
        let header = fixtureHeader.replacing("sources:", with: "sources:\n  \(pinned)").replacing(
            "count: 2k}",
            with: "count: 2k}\n  retrieve: {method: embedding, encoder: minilm}\n"
                + "  knowledge: {snippets: functions, method: embedding, encoder: minilm}")
        let graph = try plan("", header: header)
        for name in ["data.retrieved", "data"] {
            let stage = graph[try #require(graph.stage(named: name))]
            #expect(stage.inputs.last.map { "\($0.name) \(graph[$0.stage].name)" } == "encoder source.minilm")
        }
    }
}

extension Graph {
    func parameters(of name: String) -> JSON? { stage(named: name).map { self[$0].parameters } }
}
