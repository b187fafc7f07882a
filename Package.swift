// swift-tools-version: 6.2
import PackageDescription

/// Every target is built alike: Swift 6 language mode, what is used is imported, no warning passes.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let workers = ["intake", "routing", "handling", "callback", "penalty", "reports", "parking"]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// SQLite's C interface as GRDB links it, for binding and reading rows without copies through Foundation.
let csqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func kit(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "Recourse",
    platforms: [.macOS(.v15)],
    products: workers.map { .executable(name: "recourse-\($0)", targets: ["recourse-\($0)"]) }
        + [.executable(name: "recourse", targets: ["recourse"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(
            name: "Schema", dependencies: [crypto], exclude: ["Contract"], swiftSettings: settings),
        library("Policy", ["Schema", yams]),
        library("Stages", ["Schema", "Policy"]),
        library("Store", ["Schema"]),
        library("StoreSQLite", ["Store", "Schema", grdb, csqlite]),
        library("StorePostgres", ["Store", "Schema", "CPostgreSQL"]),
        library("Broker", ["Schema"]),
        library("RabbitMQ", ["Broker", "CRabbitMQ"]),
        library("Monitoring", ["Schema"]),
        library(
            "Runtime", ["Schema", "Policy", "Stages", "Store", "Broker", "Monitoring", crypto, logging, heap, deque]),
        library("Web", ["Schema"]),
        library("Operations", ["Schema", "Policy", "Stages", "Store", "Broker", "Runtime", "Web", logging, heap]),
        library(
            "Bootstrap",
            [
                "Schema", "Policy", "Stages", "Store", "StoreSQLite", "StorePostgres", "Broker", "RabbitMQ", "Runtime",
                "Operations", "Web", "Monitoring", logging, arguments,
            ]
        ),
        .executableTarget(name: "recourse", dependencies: ["Bootstrap"], swiftSettings: settings),
        .executableTarget(
            name: "hop",
            dependencies: [
                "Bootstrap", "Operations", "Runtime", "Stages", "Policy", "Store", "StoreSQLite", "Broker", "Schema",
            ],
            path: "Benchmarks/Hop", swiftSettings: settings),
        // Adapters in memory, for tests alone.
        kit("StoreTestKit", ["Store", "Schema"]),
        kit("BrokerTestKit", ["Broker", "Schema"]),
        .testTarget(
            name: "SchemaTests", dependencies: ["Schema"], exclude: ["validate.py", "folding.py", "Readings"],
            swiftSettings: settings),
        tests("WebTests", ["Web", "Schema"]),
        tests("MonitoringTests", ["Monitoring", "Schema"]),
        tests("PolicyTests", ["Policy", "Schema", yams]),
        tests("StagesTests", ["Stages", "Policy", "Schema"]),
        tests("StoreTests", ["Store", "StoreTestKit", "StoreSQLite", "StorePostgres", "Schema", grdb]),
        tests("BrokerTests", ["Broker", "BrokerTestKit", "RabbitMQ", "Schema"]),
        tests(
            "RuntimeTests",
            [
                "Runtime", "Stages", "Policy", "Store", "StoreTestKit", "StoreSQLite", "StorePostgres", "Broker",
                "BrokerTestKit", "RabbitMQ", "Monitoring", "Schema", logging,
            ]),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "Operations", "Bootstrap", "Schema", "Policy", "Stages", "Store", "StoreTestKit", "StoreSQLite",
                "Broker",
                "BrokerTestKit", "Runtime", "RabbitMQ", "Web", "Monitoring", arguments, logging,
            ],
            exclude: ["Inputs", "Letters"], swiftSettings: settings),
    ]
        + workers.map {
            .executableTarget(name: "recourse-\($0)", dependencies: ["Bootstrap", "Stages"], swiftSettings: settings)
        }
)
