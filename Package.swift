// swift-tools-version: 6.2
import PackageDescription

/// What every target is compiled with.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

/// A layer: a target that imports only what it declares, all of it further up in this list.
func layer(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "martlet", targets: ["MartletTool"]),
    .library(name: "Martlet", targets: ["MartletNode", "MartletChat", "MartletFolders"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    // The layers, bottom first.
    .systemLibrary(
      name: "CSodium", pkgConfig: "libsodium",
      providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
    .systemLibrary(
      name: "CLZ4", pkgConfig: "liblz4",
      providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .target(name: "CLinux"),
    layer("MartletFileSystem", ["CLinux", system]),
    layer("MartletSeal", ["CSodium"]),
    layer("MartletCompression", ["CLZ4"]),
    layer("MartletWorkers", []),
    layer("MartletWire", ["MartletSeal", protobuf], exclude: ["Protos"]),
    layer("MartletObjects", ["MartletWire", "MartletSeal", "MartletCompression", protobuf]),
    layer("MartletSync", ["MartletWire", "MartletSeal"]),
    layer(
      "MartletStore",
      ["MartletFileSystem", "MartletWire", "MartletSeal", "MartletWorkers", system]),
    layer("MartletCarriers", ["MartletFileSystem", "MartletSeal", "MartletWorkers", system]),
    layer("MartletBundle", ["MartletObjects", "MartletWire", "MartletSeal"]),
    layer(
      "MartletNode",
      [
        "MartletWorkers", "MartletSeal", "MartletWire", "MartletObjects", "MartletFileSystem",
        "MartletStore", "MartletSync", "MartletBundle", "MartletCarriers", system, protobuf,
      ]),
    layer("MartletChat", ["MartletNode", "MartletObjects"]),
    layer(
      "MartletFolders",
      [
        "MartletWorkers", "MartletSeal", "MartletWire", "MartletObjects", "MartletFileSystem",
        "MartletNode", system, protobuf,
      ]),
    layer(
      "MartletCommands",
      [
        "MartletFileSystem", "MartletSeal", "MartletStore", "MartletNode", "MartletChat",
        "MartletFolders", argumentParser, system,
      ]),
    .executableTarget(
      name: "MartletTool", dependencies: ["MartletFileSystem", "MartletCommands"],
      swiftSettings: settings),

    // In no product.
    layer("MartletTestSupport", ["CSodium", "MartletSeal", "MartletFileSystem", system]),
    layer(
      "MartletSimulation",
      [
        "MartletNode", "MartletFileSystem", "MartletSeal", "MartletWire", "MartletTestSupport",
        system,
      ]),
    .executableTarget(
      name: "martlet-sim",
      dependencies: ["MartletFileSystem", "MartletSimulation", argumentParser, system],
      path: "Sources/MartletSim", swiftSettings: settings),

    tests(
      "MartletChatTests",
      [
        "MartletChat", "MartletNode", "MartletObjects", "MartletSeal", "MartletWire",
        "MartletTestSupport",
      ]),
    tests(
      "MartletCommandsTests",
      [
        "MartletCommands", "MartletChat", "MartletFolders", "MartletNode", "MartletStore",
        "MartletFileSystem", "MartletWire", "MartletSeal", "MartletTestSupport", system,
      ]),
    tests(
      "MartletFoldersTests",
      [
        "MartletFolders", "MartletNode", "MartletFileSystem", "MartletObjects", "MartletSeal",
        "MartletTestSupport", "MartletWire", system,
      ]),
    tests("MartletSealTests", ["MartletSeal", "MartletTestSupport"]),
    tests("MartletCompressionTests", ["MartletCompression", "MartletSeal", "MartletTestSupport"]),
    tests("MartletWorkersTests", ["MartletWorkers"]),
    tests(
      "MartletObjectsTests",
      ["MartletObjects", "MartletWire", "MartletSeal", "MartletTestSupport", protobuf]),
    tests(
      "MartletFileSystemTests", ["MartletFileSystem", "MartletTestSupport", system]),
    tests(
      "MartletStoreTests",
      [
        "MartletStore", "MartletFileSystem", "MartletWire", "MartletSeal", "MartletTestSupport",
        system,
      ]),
    tests(
      "MartletCarriersTests",
      ["MartletCarriers", "MartletFileSystem", "MartletTestSupport", system]),
    tests(
      "MartletNodeTests",
      [
        "MartletNode", "MartletBundle", "MartletFileSystem", "MartletObjects", "MartletSeal",
        "MartletSync", "MartletTestSupport", "MartletWire", system,
      ]),
    tests(
      "MartletSimulationTests",
      ["MartletSimulation", "MartletNode", "MartletTestSupport", "MartletWire"]),
    tests("MartletWireTests", ["MartletWire", "MartletSeal", "MartletTestSupport"]),
    tests("MartletSyncTests", ["MartletSync", "MartletWire", "MartletSeal", "MartletTestSupport"]),
    tests(
      "MartletBundleTests",
      ["MartletBundle", "MartletObjects", "MartletWire", "MartletSeal", "MartletTestSupport"]),
  ]
)
