"""Networks of the papers, one file a paper; every public name can be imported from here.

A net's layers are a table at the top of its file (rows: `plan.py`), built from
`block.py`.  `width` scales all channels: the papers' nets have 64, tests use 1 or 2.
Detectors, and the parts that they share, are a package of their own, `detection`.

To add a net: its table and class in a file of its own, its published numbers
with their sources in `facts.toml`, its line here, and a test that holds one
against the other, and the fast layers against `reference.layers`.  Its entry in
`reference/systems/systems.toml` puts it into the catalogue: `make docs`.
"""

from reference.models.a2net import A2Net, DoubleAttention, attention_macs
from reference.models.alexnet import AlexNet, AlexNetTower
from reference.models.class_weight import median_frequency_weights
from reference.models.cocnn import CoCNN, Parsed, cocnn_loss
from reference.models.count import parameter_count
from reference.models.crf_rnn import CRFRNN, MeanFieldRNN, probability_loss
from reference.models.deconvnet import DeconvNet
from reference.models.decouplednet import DecoupledNet, classification_loss, figure_labels
from reference.models.deeplab import DeepLab, coarse_cross_entropy
from reference.models.densenet import DenseNetFeatures
from reference.models.detection import (
    RCNN,
    SSD300,
    Detections,
    FasterRCNN,
    FastRCNN,
    FeaturePyramid,
    GroundTruth,
    MaskHead,
    MaskRCNN,
    MaskXRCNN,
    RegionProposalNetwork,
    ResNetBackbone,
    WeightTransfer,
)
from reference.models.dpm import DeepPyramidDPM, FrontEnd, alexnet_conv5
from reference.models.fcn import FCN
from reference.models.heatmap import gaussian_heatmaps, heatmap_peaks, hourglass_loss
from reference.models.hourglass import Hourglass, PreactResidual, StackedHourglass
from reference.models.lenet5 import LeNet5, penalty_loss
from reference.models.lenet1989 import LeNet1989, squared_error
from reference.models.lenet_modern import CaffeLeNet, LeNet5Modern
from reference.models.neocognitron import Neocognitron
from reference.models.part_model import Component, Level, PartModel, latent_svm_loss
from reference.models.projection import Projection, project_feature, vgg16_layers
from reference.models.proposal_merge import ensemble_probabilities, merge_scores, segment_proposals
from reference.models.question import QuestionCNN, QuestionLSTM
from reference.models.resnet import CifarResNet, ResNet
from reference.models.san import Answered, AttentionHop, StackedAttention, StackedAttentionNetwork
from reference.models.sdn import SDN, SDNBlock, SDNUnit, sdn_loss
from reference.models.segnet import SegNet
from reference.models.segnet_basic import SegNetBasic
from reference.models.table import TableConv2d
from reference.models.tile import mirror_pad, overlap_tile
from reference.models.trunk import VGG16Trunk
from reference.models.unet import UNet, centre_crop
from reference.models.vgg import VGG16, Encoded, VGG16Convolutional, VGG16Features
from reference.models.weight_map import separation_weights, weighted_cross_entropy

__all__ = [
    "CRFRNN",
    "FCN",
    "RCNN",
    "SDN",
    "SSD300",
    "VGG16",
    "A2Net",
    "AlexNet",
    "AlexNetTower",
    "Answered",
    "AttentionHop",
    "CaffeLeNet",
    "CifarResNet",
    "CoCNN",
    "Component",
    "DeconvNet",
    "DecoupledNet",
    "DeepLab",
    "DeepPyramidDPM",
    "DenseNetFeatures",
    "Detections",
    "DoubleAttention",
    "Encoded",
    "FastRCNN",
    "FasterRCNN",
    "FeaturePyramid",
    "FrontEnd",
    "GroundTruth",
    "Hourglass",
    "LeNet5",
    "LeNet5Modern",
    "LeNet1989",
    "Level",
    "MaskHead",
    "MaskRCNN",
    "MaskXRCNN",
    "MeanFieldRNN",
    "Neocognitron",
    "Parsed",
    "PartModel",
    "PreactResidual",
    "Projection",
    "QuestionCNN",
    "QuestionLSTM",
    "RegionProposalNetwork",
    "ResNet",
    "ResNetBackbone",
    "SDNBlock",
    "SDNUnit",
    "SegNet",
    "SegNetBasic",
    "StackedAttention",
    "StackedAttentionNetwork",
    "StackedHourglass",
    "TableConv2d",
    "UNet",
    "VGG16Convolutional",
    "VGG16Features",
    "VGG16Trunk",
    "WeightTransfer",
    "alexnet_conv5",
    "attention_macs",
    "centre_crop",
    "classification_loss",
    "coarse_cross_entropy",
    "cocnn_loss",
    "ensemble_probabilities",
    "figure_labels",
    "gaussian_heatmaps",
    "heatmap_peaks",
    "hourglass_loss",
    "latent_svm_loss",
    "median_frequency_weights",
    "merge_scores",
    "mirror_pad",
    "overlap_tile",
    "parameter_count",
    "penalty_loss",
    "probability_loss",
    "project_feature",
    "sdn_loss",
    "segment_proposals",
    "separation_weights",
    "squared_error",
    "vgg16_layers",
    "weighted_cross_entropy",
]
