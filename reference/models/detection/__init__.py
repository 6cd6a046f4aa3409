"""Detectors, one file a paper, and the nouns they share; every public name can be imported from here.

    rcnn.py          R-CNN          a net for every warped region, SVMs, regressors (warp.py, svm.py; rcnn_training.py)
    fast_rcnn.py     Fast R-CNN     one convolutional pass, RoI pooling, one training
    faster_rcnn.py   Faster R-CNN   regions from the net's own features (rpn.py; faster_training.py)
    ssd.py           SSD            no regions: every cell of six maps answers at once (ssd_loss.py)
    mask_rcnn.py     Mask R-CNN     a ResNet (backbone.py) with a pyramid (fpn.py), RoIAlign, a third branch (mask.py)
    maskx_rcnn.py    Mask^X R-CNN   mask weights predicted from detection weights

    scale.py         the size at which an image is looked at
    result.py        what goes in and what comes out: GroundTruth, Detections
    matching.py      which box learns which object, and which are drawn
    loss.py          smooth L1, the multi-task loss
    trunk.py         VGG-16 to conv5_3, fc6 and fc7

Boxes are (x1, y1, x2, y2).  R-CNN, Fast and Faster R-CNN count corners as pixels
(inclusive), as their releases do; SSD and Mask R-CNN as points, as SSD's release
and Detectron2 do.  Class 0 is the background everywhere.
"""

from reference.models.detection.backbone import ResNetBackbone
from reference.models.detection.fast_rcnn import FastRCNN, compress, truncate_svd
from reference.models.detection.faster_rcnn import FasterOutput, FasterRCNN, JointLoss, ProposalOptions
from reference.models.detection.faster_training import (
    Alternation,
    TrainingOptions,
    train_alternating,
    train_jointly,
)
from reference.models.detection.fpn import FeaturePyramid, pyramid_align, pyramid_anchors, pyramid_level
from reference.models.detection.loss import RegionLoss, region_loss, smooth_l1
from reference.models.detection.mask import MaskHead, mask_loss, mask_targets, paste_masks
from reference.models.detection.mask_rcnn import MaskOutput, MaskRCNN, MaskRCNNLoss
from reference.models.detection.maskx_rcnn import MaskXRCNN, TransferMaskHead, WeightTransfer, detection_weights
from reference.models.detection.matching import Matches, Sample, draw_sample, match_boxes, sample_regions
from reference.models.detection.rcnn import RCNN, RegionFeatures, SVMOutput
from reference.models.detection.rcnn_training import (
    Scene,
    finetune,
    finetune_loss,
    fit_ridge,
    train_regressors,
    train_svms,
)
from reference.models.detection.result import Detections, GroundTruth, select_detections
from reference.models.detection.rpn import AnchorOutput, RegionProposalNetwork, propose, rpn_loss
from reference.models.detection.scale import Scaled, scale_images
from reference.models.detection.ssd import SSD300, MultiBoxOutput, ssd300_priors
from reference.models.detection.ssd_loss import hard_negatives, match_priors, multibox_loss
from reference.models.detection.svm import LinearSVM, SVMOptions, fit_svm, mine_svm
from reference.models.detection.trunk import RegionOutput
from reference.models.detection.warp import warp_regions

__all__ = [
    "RCNN",
    "SSD300",
    "Alternation",
    "AnchorOutput",
    "Detections",
    "FastRCNN",
    "FasterOutput",
    "FasterRCNN",
    "FeaturePyramid",
    "GroundTruth",
    "JointLoss",
    "LinearSVM",
    "MaskHead",
    "MaskOutput",
    "MaskRCNN",
    "MaskRCNNLoss",
    "MaskXRCNN",
    "Matches",
    "MultiBoxOutput",
    "ProposalOptions",
    "RegionFeatures",
    "RegionLoss",
    "RegionOutput",
    "RegionProposalNetwork",
    "ResNetBackbone",
    "SVMOptions",
    "SVMOutput",
    "Sample",
    "Scaled",
    "Scene",
    "TrainingOptions",
    "TransferMaskHead",
    "WeightTransfer",
    "compress",
    "detection_weights",
    "draw_sample",
    "finetune",
    "finetune_loss",
    "fit_ridge",
    "fit_svm",
    "hard_negatives",
    "mask_loss",
    "mask_targets",
    "match_boxes",
    "match_priors",
    "mine_svm",
    "multibox_loss",
    "paste_masks",
    "propose",
    "pyramid_align",
    "pyramid_anchors",
    "pyramid_level",
    "region_loss",
    "rpn_loss",
    "sample_regions",
    "scale_images",
    "select_detections",
    "smooth_l1",
    "ssd300_priors",
    "train_alternating",
    "train_jointly",
    "train_regressors",
    "train_svms",
    "truncate_svd",
    "warp_regions",
]
