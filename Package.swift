// swift-tools-version: 6.1
import PackageDescription

/// Numeric code is compiled for AVX2 and FMA (the binary checks for both at its start). Clang must not contract a
/// multiply and an add by itself: the `portable` profile fixes every rounding. Tests run on the release build.
let numericSwift: [SwiftSetting] = [
    .unsafeFlags(["-Xcc", "-march=x86-64-v3"])
]
let numericC: [CSetting] = [
    .unsafeFlags(["-O3", "-march=x86-64-v3", "-ffp-contract=off", "-fno-math-errno"])
]

let package = Package(
    name: "decant",
    products: [.executable(name: "decant", targets: ["decant"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // System libraries
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSpawn"),
        .target(name: "CContainment"),
        .systemLibrary(name: "CFileSystem"),
        .systemLibrary(name: "CEpoll"),
        .target(name: "CKernels", cSettings: numericC),

        // Values
        .target(name: "CanonicalJSON"),
        .target(name: "Words"),
        .target(name: "Diagnostics"),
        .target(name: "BuildModel", dependencies: ["CanonicalJSON", "CCrypto", "Words"]),

        // Programs and archives of others
        .target(name: "Archives", dependencies: ["CArchive", "CZlib"]),
        .target(name: "Programs", dependencies: ["CSpawn"]),
        .target(name: "Files"),
        .target(name: "Records", dependencies: ["Archives", "CanonicalJSON", "Programs"]),

        // From recipe to graph
        .target(name: "SpannedYAML", dependencies: ["Diagnostics", "CYaml"]),
        .target(name: "Declarations", dependencies: ["SpannedYAML", "Diagnostics", "Words"]),
        .target(name: "Kinds", dependencies: ["Declarations", "SpannedYAML", "BuildModel", "CanonicalJSON", "Words"]),
        .target(
            name: "RecipeLanguage",
            dependencies: ["Kinds", "BuildModel", "Declarations", "SpannedYAML", "Diagnostics", "CanonicalJSON", "Words"]),
        .target(
            name: "Planner",
            dependencies: ["RecipeLanguage", "Kinds", "Declarations", "BuildModel", "CanonicalJSON", "Diagnostics", "Words"]),

        // Building
        .target(
            name: "Store",
            dependencies: [
                "BuildModel", "CanonicalJSON", "Files", "CLibgit2", "CCrypto", "CZlib", "CFileSystem",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .target(name: "Trust", dependencies: ["BuildModel", "CanonicalJSON", "CCrypto", "Store", "Programs"]),
        .target(name: "Executor", dependencies: ["BuildModel", "CanonicalJSON", "Store", "Programs"]),

        // Servers
        .target(name: "HTTP", dependencies: ["CCurl"]),
        .target(name: "Fetching", dependencies: ["BuildModel", "CanonicalJSON", "Store", "Archives", "Programs", "HTTP"]),
        .target(name: "Sharing", dependencies: ["Store", "Trust", "BuildModel", "CanonicalJSON", "CLibgit2", "HTTP"]),
        .target(name: "Endpoints", dependencies: ["Store", "BuildModel", "CanonicalJSON", "HTTP"]),
        .target(name: "Load", dependencies: ["CanonicalJSON", "CEpoll"]),

        // Models
        .target(name: "ChatTemplates", dependencies: ["CanonicalJSON"]),
        .target(
            name: "Engine", dependencies: ["CanonicalJSON", "ChatTemplates", "CKernels", "Words"], swiftSettings: numericSwift),
        .target(
            name: "Stages",
            dependencies: [
                "Engine", "Kinds", "BuildModel", "Programs", "CContainment", "CanonicalJSON", "SpannedYAML", "Diagnostics",
                "Words", "Records", "Archives", "Load",
            ]),

        // Answers to others
        .target(name: "Serving", dependencies: ["Engine", "CanonicalJSON", "Words", "Programs", "CMicroHTTPD"]),

        // The command line
        .target(
            name: "DecantCLI",
            dependencies: [
                "CanonicalJSON", "Diagnostics", "BuildModel", "SpannedYAML", "Kinds", "RecipeLanguage", "Planner", "Store",
                "Files",
                "Executor",
                "Engine", "Stages", "Programs", "Records", "Fetching", "Sharing", "Endpoints", "Load", "Trust", "Words",
                "Serving",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "decant", dependencies: ["DecantCLI"]),

        // Benchmarks
        .executableTarget(
            name: "TrainingBenchmark", dependencies: ["Engine"], path: "Benchmarks/training/TrainingBenchmark"),
        .executableTarget(
            name: "TokenizerProgram", dependencies: ["Engine", "ChatTemplates", "CanonicalJSON", "Words"],
            path: "Benchmarks/tokenizing/TokenizerProgram"),
        .executableTarget(
            name: "GenerationBenchmark", dependencies: ["Engine"], path: "Benchmarks/generation/GenerationBenchmark"),
        .executableTarget(
            name: "StoreFiller", dependencies: ["Planner", "RecipeLanguage", "Diagnostics", "BuildModel", "Executor", "Store"],
            path: "Benchmarks/planning/StoreFiller", swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
        // Valgrind cannot read what Swift writes for debuggers.
        .executableTarget(
            name: "InstructionBenchmark",
            dependencies: ["DecantCLI", "Planner", "RecipeLanguage", "Engine", "BuildModel", "CanonicalJSON", "Diagnostics"],
            path: "Benchmarks/instructions/InstructionBenchmark",
            linkerSettings: [.unsafeFlags(["-Xlinker", "--strip-debug"])]),

        // Fuzzing: a target for each parser of bytes from outside
        .target(
            name: "RecipeChecks", dependencies: ["Planner", "RecipeLanguage", "BuildModel", "Diagnostics"],
            path: "Fuzz/RecipeChecks"),
        .target(
            name: "Fuzzing",
            dependencies: [
                "RecipeChecks", "ChatTemplates", "Engine", "Stages", "Kinds", "Planner", "BuildModel", "CanonicalJSON",
                "Archives", "Fetching", "Sharing", "Store", "Words", "Records",
            ], path: "Fuzz/Fuzzing"),
        .executableTarget(name: "ParserFuzzer", dependencies: ["Fuzzing"], path: "Fuzz/ParserFuzzer"),

        // What several tests share
        .target(name: "TestSupport", dependencies: ["CanonicalJSON", "Records"], path: "Tests/TestSupport"),
        .target(name: "EncoderFixtures", dependencies: ["Engine", "CanonicalJSON"], path: "Tests/EncoderFixtures"),

        // Tests
        .testTarget(name: "CanonicalJSONTests", dependencies: ["CanonicalJSON"]),
        .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics"]),
        .testTarget(name: "SpannedYAMLTests", dependencies: ["SpannedYAML", "Diagnostics"]),
        .testTarget(
            name: "RecipeLanguageTests",
            dependencies: [
                "RecipeLanguage", "Kinds", "Declarations", "Planner", "BuildModel", "SpannedYAML", "Diagnostics",
                "CanonicalJSON", "TestSupport",
            ],
            exclude: ["Golden"]),
        .testTarget(
            name: "PlannerTests",
            dependencies: [
                "Planner", "Kinds", "Declarations", "RecipeLanguage", "BuildModel", "CanonicalJSON", "Diagnostics",
                "TestSupport",
                "Words",
            ],
            exclude: ["Golden"]),
        .testTarget(
            name: "RebuildTests",
            dependencies: [
                "Planner", "Kinds", "Declarations", "RecipeLanguage", "SpannedYAML", "Diagnostics", "BuildModel",
                "CanonicalJSON", "Executor", "Store", "TestSupport",
            ]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "Archives", "CanonicalJSON", "TestSupport"]),
        .testTarget(name: "BuildModelTests", dependencies: ["BuildModel", "CanonicalJSON", "TestSupport"]),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"]),
        .testTarget(name: "StoreTests", dependencies: ["Store", "BuildModel", "CanonicalJSON", "TestSupport"]),
        .testTarget(name: "TrustTests", dependencies: ["Trust", "Store", "BuildModel", "CanonicalJSON", "TestSupport"]),
        .testTarget(
            name: "SharingTests",
            dependencies: [
                "Sharing", "Trust", "Executor", "HTTP", "Store", "BuildModel", "CanonicalJSON", "TestSupport",
            ]),
        .testTarget(
            name: "EndpointsTests", dependencies: ["Endpoints", "HTTP", "Store", "BuildModel", "CanonicalJSON", "TestSupport"]),
        .testTarget(
            name: "ServingTests",
            dependencies: ["Serving", "Stages", "Engine", "Kinds", "CanonicalJSON", "TestSupport", "Words"]),
        .testTarget(name: "LoadTests", dependencies: ["Load", "CanonicalJSON", "TestSupport"]),
        .testTarget(name: "ProgramsTests", dependencies: ["Programs", "TestSupport"]),
        .testTarget(name: "ExecutorTests", dependencies: ["Executor", "BuildModel", "CanonicalJSON", "Store", "TestSupport"]),
        .testTarget(
            name: "FetchingTests",
            dependencies: ["Fetching", "Archives", "HTTP", "BuildModel", "CanonicalJSON", "Store", "TestSupport"]),
        .testTarget(
            name: "DecantCLITests",
            dependencies: [
                "decant", "BuildModel", "CanonicalJSON", "EncoderFixtures", "Engine", "Kinds", "Planner", "Stages", "Store",
                "TestSupport",
            ],
            exclude: ["Golden"]),
        .testTarget(
            name: "ChatTemplatesTests", dependencies: ["ChatTemplates", "CanonicalJSON", "Fuzzing", "TestSupport"],
            exclude: ["Reference"]),
        .testTarget(name: "FuzzTests", dependencies: ["ParserFuzzer", "Fuzzing", "TestSupport"]),
        .testTarget(
            name: "EngineFormatsTests", dependencies: ["Engine", "CanonicalJSON", "TestSupport"], exclude: ["Reference"]),
        .testTarget(name: "MetricsTests", dependencies: ["Engine", "CanonicalJSON", "TestSupport"], exclude: ["Reference"]),
        .testTarget(name: "FunctionCallingTests", dependencies: ["Engine", "CanonicalJSON", "TestSupport", "Words"]),
        .testTarget(
            name: "DataStagesTests",
            dependencies: [
                "Stages", "Engine", "Kinds", "BuildModel", "CanonicalJSON", "EncoderFixtures", "TestSupport", "Words",
                "Records",
            ],
            exclude: ["Reference"]),
        .testTarget(
            name: "StagesTests",
            dependencies: [
                "Stages", "Engine", "Kinds", "Declarations", "Planner", "RecipeLanguage", "Executor", "Store", "BuildModel",
                "CanonicalJSON",
                "EncoderFixtures", "Programs", "TestSupport", "Words",
            ]),
        .testTarget(
            name: "EngineNumericsTests", dependencies: ["Engine", "CKernels", "CanonicalJSON", "TestSupport", "Words"],
            exclude: ["Reference"],
            swiftSettings: numericSwift),
        .testTarget(
            name: "DataGenerationTests",
            dependencies: [
                "Stages", "Engine", "Kinds", "Planner", "RecipeLanguage", "BuildModel", "CanonicalJSON", "SpannedYAML",
                "Diagnostics",
                "TestSupport",
            ],
            exclude: ["Golden"]),
    ],
    swiftLanguageModes: [.v6]
)

// Built by `scripts/fuzz-recipes` alone: it has libFuzzer's entry points and no `main`.
if Context.environment["DECANT_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "RecipeFuzzer", dependencies: ["RecipeChecks"],
            path: "Fuzz/RecipeFuzzer", exclude: ["syntax.dict"], swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}
